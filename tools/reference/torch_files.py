"""Tiny files of torch.save in the forms that occur, and what torch.load finds in them; a hash of all tensors of each real file in shared/data (or FACEWRIGHT_DATA)."""
import argparse
import base64
import collections
import hashlib
import json
import os
import pathlib
import platform
import sys
import zipfile

import torch
from common import tensor

HERE = pathlib.Path(__file__).resolve().parents[2]
FOLDER = HERE / 'libs/weights/src/fixtures/torch'
DATA = pathlib.Path(os.environ.get('FACEWRIGHT_DATA', HERE.parent / 'shared/data')) / 'weights'
REAL = {'retinaface_mobilenet025.pth': 'torch-legacy', 'aesthetic_l14_linearMSE.pth': 'torch-zip'}
FOLDER.mkdir(parents=True, exist_ok=True)


class Malicious:
    def __reduce__(self):
        return os.system, ('touch /tmp/facewright-was-here',)


class Callback:
    """Stands for Lightning's callback class, which is named as a key and never called."""


Callback.__module__, Callback.__qualname__, Callback.__name__ = 'pytorch_lightning.callbacks.model_checkpoint', 'ModelCheckpoint', 'ModelCheckpoint'
for index, part in enumerate(Callback.__module__.split('.')):
    path = '.'.join(Callback.__module__.split('.')[: index + 1])
    sys.modules[path] = type(sys)(path)
sys.modules[Callback.__module__].ModelCheckpoint = Callback

shared = tensor('shared', (6,))
plain = collections.OrderedDict([('layer.weight', tensor('layer.weight', (3, 4))), ('layer.bias', tensor('layer.bias', (3,)))])
kinds = {
    'half': tensor('half', (5,)).half(), 'brain': tensor('brain', (5,)).bfloat16(), 'double': tensor('double', (2, 2)).double(), 'long': torch.tensor([-1, 2**40]), 'int': torch.tensor([-7], dtype=torch.int32),
    'short': torch.tensor([-300, 300], dtype=torch.int16), 'char': torch.tensor([-128, 127], dtype=torch.int8), 'byte': torch.tensor([0, 255], dtype=torch.uint8), 'bool': torch.tensor([True, False]),
    'scalar': torch.tensor(2.5), 'empty': torch.zeros(0, 5), 'parameter': torch.nn.Parameter(tensor('parameter', (2, 3))),
    'transposed': tensor('transposed', (3, 4)).t(), 'sliced': tensor('sliced', (4, 6))[1:3, ::2], 'expanded': tensor('expanded', (1, 3)).expand(4, 3), 'rows': tensor('rows', (4, 3))[1:3],
    'channels last': tensor('channels', (2, 3, 2, 2)).to(memory_format=torch.channels_last), 'first': shared[:4], 'second': shared[2:],
}
lightning = {'epoch': 3, 'global_step': 470000, 'pytorch-lightning_version': '1.4.2', 'callbacks': {Callback: {'best': None}}, 'hyper': {'set': {1, 2}, 'size': torch.Size([2]), 'device': torch.device('cpu'), 'dtype': torch.float16, 'long': 2**70},
    'optimizer_states': [{'state': {0: {'exp_avg': torch.ones(2)}}}], 'state_dict': plain}
files = {
    'plain-zip.pt': (plain, {}), 'plain-legacy.pt': (plain, {'_use_new_zipfile_serialization': False}), 'kinds-zip.pt': (kinds, {}), 'kinds-legacy.pt': (kinds, {'_use_new_zipfile_serialization': False}),
    'kinds-protocol-5.pt': (kinds, {'pickle_protocol': 5}), 'lightning.ckpt': (lightning, {}), 'lightning-legacy.ckpt': (lightning, {'_use_new_zipfile_serialization': False}),
    'params-ema.pth': ({'params': {'w': torch.zeros(2)}, 'params_ema': {'w': torch.ones(2)}}, {}), 'settings.pth': ({'student': {'w': torch.ones(2)}, 'teacher': {'w': torch.zeros(2)}, 'args': argparse.Namespace(arch='vit_small', lr=0.0005, global_crops_scale=(0.4, 1.0)), 'epoch': 99}, {}),
    'nested.pt': ({'unet': {'a': torch.ones(2), 'deep': {'b': torch.zeros(1)}}, 'step': 7}, {}),
    'malicious.pt': ({'w': torch.ones(2), 'x': Malicious()}, {}), 'malicious-legacy.pt': ({'w': torch.ones(2), 'x': Malicious()}, {'_use_new_zipfile_serialization': False}),
    'embedding-a1111.pt': ({'string_to_token': {'*': 265}, 'string_to_param': {'*': tensor('a1111', (2, 768)).half()}, 'name': 'face', 'step': 100, 'sd_checkpoint': None}, {}),
    'embedding-first.pt': ({'string_to_token': {'*': torch.tensor(265)}, 'string_to_param': torch.nn.ParameterDict({'*': torch.nn.Parameter(tensor('first', (1, 768)).half())})}, {}),
    'embedding-diffusers.bin': ({'<face>': tensor('diffusers', (768,)).half()}, {}),
}


def sha(tensors):
    """Over the name, element type, shape and bytes of every tensor."""
    total = hashlib.sha256()
    for key, value in tensors.items():
        value = value.detach().contiguous()
        total.update(f'{key} {str(value.dtype)[6:]} {"x".join(map(str, value.shape))}\n'.encode())
        total.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def packed(value):
    value = value.detach().contiguous()
    # 16-bit integers become 32-bit ones
    value = value.int() if value.dtype == torch.int16 else value
    return {'dtype': str(value.dtype)[6:], 'shape': list(value.shape), 'bytes': base64.b64encode(value.reshape(-1).view(torch.uint8).numpy().tobytes() if value.numel() else b'').decode()}


for name, (value, options) in files.items():
    torch.save(value, FOLDER / name, **options)
expected = {name: {key: packed(v) for key, v in (value['state_dict'] if name.startswith('lightning') else value).items()} for name, (value, _) in files.items() if name.startswith(('plain', 'kinds', 'lightning'))}
real = {}
for name, form in REAL.items():
    loaded = torch.load(DATA / name, map_location='cpu', weights_only=True)
    loaded = loaded.get('state_dict', loaded)
    real[name] = {'format': form, 'tensors': len(loaded), 'sha256': sha(loaded)}
path = FOLDER.parent / 'torch.json'
path.write_text(json.dumps({'command': 'python tools/reference/torch_files.py', 'versions': {'python': platform.python_version(), 'torch': torch.__version__}, 'seed': 'none: values are hashes of their names', 'expected': expected, 'real': real}, indent=1) + '\n')
print(sum(f.stat().st_size for f in FOLDER.iterdir()), path.stat().st_size)
