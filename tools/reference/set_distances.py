# Reference numbers for libs/nodes/evaluator/src/sets: torch-fidelity's Fréchet and kernel distances, and numpy where its subsets allow no unequal sets.
# Run: python tools/reference/set_distances.py > libs/nodes/evaluator/src/sets/fixtures/set-distances.json   (features are hashes of their names)
import json
import platform

import numpy as np
import torch
from common import hashed
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kernel_poly, kid_features_to_metric

CASES = [  # name, rows, rows of the other, features: more and fewer rows than features, equal and unequal sets
    ('many rows', 60, 60, 8), ('unequal', 50, 70, 12), ('fewer than features', 9, 14, 20), ('one side fewer', 40, 9, 16),
]
KERNEL = dict(kid_kernel='poly', kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1, verbose=False, rng_seed=2020)


def features(name, rows, size):
    """The second half of the features goes along with the first, so that covariances are not diagonal."""
    x = hashed(name, (rows, size)) * np.linspace(0.5, 2, size) + (0.3 if name.startswith('b') else 0)
    x[:, size // 2:] += 0.5 * x[:, :size - size // 2]
    return torch.from_numpy(x.astype(np.float32))


def fid(a, b):
    metric = fid_statistics_to_metric(*(fid_features_to_statistics(x.double()) for x in (a, b)), False)
    return metric['frechet_inception_distance']


def mmd2(a, b):
    x, y = a.double().numpy(), b.double().numpy()
    kernel = dict(kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1)
    xx, yy, xy = kernel_poly(x, x, **kernel), kernel_poly(y, y, **kernel), kernel_poly(x, y, **kernel)
    off = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    return off(xx) + off(yy) - 2 * xy.mean()


def case(name, rows, others, size):
    a, b = features(f'a {name}', rows, size), features(f'b {name}', others, size)
    result = dict(name=name, rows=rows, others=others, size=size, frechet=fid(a, b), kernel=mmd2(a, b))
    if rows == others:
        whole = kid_features_to_metric(a.double(), b.double(), kid_subsets=1, kid_subset_size=rows, **KERNEL)
        result['kernelOfTorchFidelity'] = whole['kernel_inception_distance_mean']
        subsets = kid_features_to_metric(a.double(), b.double(), kid_subsets=2000, kid_subset_size=20, **KERNEL)
        result['subsets'] = dict(size=20, mean=subsets['kernel_inception_distance_mean'], deviation=subsets['kernel_inception_distance_std'])
    return result


print(json.dumps(dict(
    command='python tools/reference/set_distances.py > libs/nodes/evaluator/src/sets/fixtures/set-distances.json',
    versions=dict(python=platform.python_version(), torch=torch.__version__, numpy=np.__version__, torch_fidelity='0.4.0'),
    cases=[case(*c) for c in CASES],
), indent=1))
