"""Deterministic weights and fixture files, the same as libs/models/src/reference/hashed-tensor.ts makes them."""
import base64
import json
import pathlib
import platform
import sys

import numpy as np
import torch

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / 'libs/models/src/fixtures'


def hashed(name, shape):
    """Values in [-1, 1): murmur3's finaliser over FNV-1a of the name and the index."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    index = np.arange(int(np.prod(shape)), dtype=np.uint64)
    x = ((seed + index * np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return (x.astype(np.float64) / 2**31 - 1).reshape(shape)


def weight(name, shape):
    """Matrices within 1.7/sqrt(fan in), scales of norms about 1, everything else small."""
    value = hashed(name, shape)
    if len(shape) >= 2:
        value = value * (1.7 / np.sqrt(np.prod(shape[1:])))
    else:
        value = value * 0.2 + (1 if name.endswith('.weight') else 0)
    return torch.from_numpy(value.astype(np.float32))


def fill(module, prefix='', skip=()):
    """Sets every parameter by its checkpoint name."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name not in skip:
                parameter.copy_(weight(prefix + name, tuple(parameter.shape)))
    return module.eval()


def tensor(name, shape):
    return torch.from_numpy(hashed(name, shape).astype(np.float32))


def packed(value):
    array = np.ascontiguousarray(value.detach().numpy() if hasattr(value, 'detach') else value, dtype='<f4')
    return {'shape': list(array.shape), 'float32': base64.b64encode(array.tobytes()).decode()}


def write(name, cases, packages, **more):
    versions = {package.__name__: package.__version__ for package in (torch, *packages)}
    header = {'command': f'python tools/reference/{pathlib.Path(sys.argv[0]).name}', 'versions': {'python': platform.python_version(), **versions}, 'seed': 'none: weights and inputs are hashes of their names'}
    FIXTURES.mkdir(parents=True, exist_ok=True)
    path = FIXTURES / f'{name}.json'
    path.write_text(json.dumps({**header, 'cases': cases, **more}, indent=1, ensure_ascii=False) + '\n')
    print(path, path.stat().st_size)
