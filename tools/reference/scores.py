# Reference numbers for libs/pipelines/src/scores: torch's antialiased bicubic resize of float tensors with torchvision's size and crop rules, as HPS v2 uses them;
# Umeyama's similarity transform (numpy's SVD) and a linear warp with black around the picture (scipy).
# Run: python tools/reference/scores.py > libs/pipelines/src/scores/fixtures/scores.json   (pictures are hashes of their names)
import json
import platform

import numpy as np
import scipy
import torch
from common import hashed, packed
from scipy import ndimage

MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
POINTS = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


def picture(name, width, height):
    return np.floor((hashed(name, (height, width, 3)) + 1) * 128).astype(np.uint8)


def hps(image, size):
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float().div(255)
    height, width = image.shape[:2]
    short, long = min(width, height), max(width, height)
    to = (size, int(size * long / short))
    h, w = to if height <= width else (to[1], to[0])
    x = torch.nn.functional.interpolate(x, size=(h, w), mode='bicubic', align_corners=False, antialias=True)
    top, left = int(round((h - size) / 2.0)), int(round((w - size) / 2.0))
    x = x[:, :, top:top + size, left:left + size]
    return (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


def umeyama(source, target):
    ms, mt = source.mean(0), target.mean(0)
    s, t = source - ms, target - mt
    u, d, vt = np.linalg.svd(t.T @ s / len(s))
    sign = np.array([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = (d * sign).sum() / s.var(0).sum()
    return np.column_stack([scale * rotation, mt - scale * rotation @ ms])


def warp(image, matrix):
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    y, x = np.mgrid[0:112, 0:112]
    places = inverse @ np.stack([x.ravel(), y.ravel(), np.ones(112 * 112)])
    planes = [ndimage.map_coordinates(image[..., c].astype(float), [places[1], places[0]], order=1, mode='grid-constant', cval=0) for c in range(3)]
    return np.stack(planes, -1).reshape(112, 112, 3)


FACES = {
    'upright and inside': [[20, 25], [41, 24], [31, 36], [23, 48], [39, 47]],
    'turned': [[30, 18], [44, 33], [31, 35], [16, 36], [27, 48]],
    'reaching over the edge': [[-4, 6], [22, 3], [8, 18], [-2, 33], [19, 31]],
}
pixels = []
for width, height, size in [(41, 52, 16), (33, 20, 10), (9, 7, 12)]:
    pixels.append({'width': width, 'height': height, 'size': size, 'pixels': packed(hps(picture(f'{width}x{height}', width, height), size))})
faces = []
for name, landmarks in FACES.items():
    matrix = umeyama(np.array(landmarks, float), POINTS)
    aligned = warp(picture('face', 60, 70), matrix)
    faces.append({'name': name, 'landmarks': landmarks, 'matrix': matrix.tolist(), 'step': 7, 'sampled': packed(aligned[::7, ::7])})
print(json.dumps({'versions': {'python': platform.python_version(), 'torch': torch.__version__, 'numpy': np.__version__, 'scipy': scipy.__version__}, 'pixels': pixels, 'faces': faces}))
