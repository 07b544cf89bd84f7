# Steps of torch.optim.AdamW after clip_grad_norm_, the reference of the optimiser in libs/onnx.
# Writes libs/onnx/src/fixtures/adamw.json:  python tools/reference/adamw.py
import json
import pathlib
import platform

import torch

SEED = 11
torch.manual_seed(SEED)
STEPS, MAX_NORM, RATE = 6, 1.0, 1e-2
shapes = {'matrix': (3, 4), 'bias': (4,), 'scale': (1,)}
parameters = {name: torch.nn.Parameter(torch.randn(shape)) for name, shape in shapes.items()}
say = lambda t: [float(v) for v in t.detach().flatten()]
initial = {name: say(p) for name, p in parameters.items()}
optimiser = torch.optim.AdamW(parameters.values(), lr=RATE, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)
steps = []
for step in range(STEPS):
    rate = RATE / (step + 1)
    # Norms from below the limit to far above it.
    gradients = {name: torch.randn(shape) * 0.05 * 4**step for name, shape in shapes.items()}
    for name, p in parameters.items():
        p.grad = gradients[name].clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters.values(), MAX_NORM)
    for group in optimiser.param_groups:
        group['lr'] = rate
    optimiser.step()
    steps.append({
        'learning_rate': rate,
        'gradients': {name: say(g) for name, g in gradients.items()},
        'norm': float(norm),
        'parameters': {name: say(p) for name, p in parameters.items()},
    })

path = pathlib.Path(__file__).resolve().parents[2] / 'libs/onnx/src/fixtures/adamw.json'
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({
    'command': 'python tools/reference/adamw.py',
    'versions': {'python': platform.python_version(), 'torch': torch.__version__},
    'seed': SEED,
    'shapes': shapes, 'max_norm': MAX_NORM, 'initial': initial, 'steps': steps,
}, indent=1) + '\n')
print(path)
