"""The train step of tools/bench/train.ts in PyTorch: times in ms of forward passes and of train steps, and torch's version, as one line of JSON."""
import json
import sys
import time

import torch
from diffusers import UNet2DConditionModel

request = json.loads(sys.argv[1])
batch, side, rounds, warm_up = (request[key] for key in ('batch', 'side', 'rounds', 'warm_up'))
torch.set_num_threads(request['threads'])
torch.manual_seed(1)

unet = UNet2DConditionModel.from_config(request['config'])
optimiser = torch.optim.AdamW(unet.parameters(), lr=request['learning_rate'])
shape = (batch, unet.config.in_channels, side, side)
latents, noise = torch.randn(shape), torch.randn(shape)
context = torch.randn(batch, request['tokens'], unet.config.cross_attention_dim)
timestep = torch.randint(0, 1000, (batch,))
alpha_bar = (0.1 + 0.8 * torch.rand(batch)).view(-1, 1, 1, 1)


def forward():
    with torch.inference_mode():
        unet(latents, timestep, context)


def step():
    optimiser.zero_grad(set_to_none=True)
    noisy = alpha_bar.sqrt() * latents + (1 - alpha_bar).sqrt() * noise
    torch.nn.functional.mse_loss(unet(noisy, timestep, context).sample, noise).backward()
    torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
    optimiser.step()


times = {'forward': [], 'step': []}
for turn in range(-warm_up, rounds):
    for name, act in (('forward', forward), ('step', step)):
        begun = time.perf_counter()
        act()
        if turn >= 0:
            times[name].append((time.perf_counter() - begun) * 1000)
print(json.dumps({**times, 'version': torch.__version__}))
