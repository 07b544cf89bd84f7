# Reference numbers for libs/nodes/judgement: Krippendorff's alpha (PyPI krippendorff) of the published example with 4 coders and 12 units and of random sparse data;
# pair accuracy by the rule of ImageReward's test script (all i < j whose human ranks differ, smaller rank is better, equal rewards are wrong).
# Run: python tools/reference/judgement.py > libs/nodes/judgement/src/fixtures/judgement.json
import json
from importlib.metadata import version

import krippendorff
import numpy as np

SEED = 7
rng = np.random.default_rng(SEED)
_ = np.nan
PUBLISHED = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
])


def alpha_case(data):
    units = [[int(v) for v in column if not np.isnan(v)] for column in data.T]
    return {'units': units, 'alpha': float(krippendorff.alpha(reliability_data=data, level_of_measurement='nominal'))}


def random_data(coders, units, values, missing, agree):
    truth = rng.integers(values, size=units)
    data = np.where(rng.random((coders, units)) < agree, truth, rng.integers(values, size=(coders, units))).astype(float)
    data[rng.random((coders, units)) < missing] = np.nan
    return data


def pair_accuracy(rankings, rewards):
    right = total = 0
    for ranks, scores in zip(rankings, rewards):
        for i in range(len(ranks)):
            for j in range(i + 1, len(ranks)):
                if ranks[i] == ranks[j]:
                    continue
                total += 1
                if ranks[i] < ranks[j]:
                    right += scores[i] > scores[j]
                else:
                    right += scores[j] > scores[i]
    return {'rankings': rankings, 'rewards': rewards, 'right': int(right), 'pairs': total}


def ranked(items, levels):
    rankings, rewards = [], []
    for _ in range(items):
        n = int(rng.integers(2, 4))
        best = int(rng.integers(n + 1))  # n: a tie of all
        rankings.append([1 if best in (i, n) else 2 for i in range(n)])
        rewards.append([float(v) for v in rng.integers(levels, size=n)])
    return pair_accuracy(rankings, rewards)


print(json.dumps({
    'command': 'python tools/reference/judgement.py',
    'versions': {'krippendorff': version('krippendorff'), 'numpy': np.__version__},
    'seed': SEED,
    'published': alpha_case(PUBLISHED),
    'random': [alpha_case(random_data(*case)) for case in [(2, 20, 3, 0, 0.5), (3, 30, 5, 0.3, 0.7), (6, 15, 4, 0.6, 0.3), (5, 40, 2, 0.1, 0.0)]],
    'accuracy': [ranked(12, 3), ranked(20, 5)],
}))
