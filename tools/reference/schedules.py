"""Walks of every sampler by diffusers, on a model that is a fixed formula and with noise that is a hash of its number.

As diffusers has it, but for two things: DPMSolverSDE takes its noise from a Brownian walk over these hashes, not from torchsde, and LMS begun in the
middle is told how many slopes it has (`order`), since alone it takes weights of order 4 and too few slopes for them.
"""
import inspect
import sys
import types

import diffusers
import numpy as np
import torch
from common import packed, tensor, write

sys.modules.setdefault('torchsde', types.ModuleType('torchsde'))
from diffusers.schedulers import scheduling_dpmsolver_sde  # noqa: E402

SHAPE = (1, 2, 2, 2)
SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule='scaled_linear', steps_offset=1, set_alpha_to_one=False, clip_sample=False)
SCHEDULES = {
    f'{prediction}, {spacing}': dict(**SD, prediction_type=prediction, timestep_spacing=spacing)
    for prediction in ('epsilon', 'v_prediction')
    for spacing in ('leading', 'trailing', 'linspace')
}
ZERO = dict(**SD, prediction_type='v_prediction', timestep_spacing='trailing', rescale_betas_zero_snr=True)
CLIPPED = dict(beta_start=0.0001, beta_end=0.02, beta_schedule='linear', timestep_spacing='linspace', prediction_type='sample', clip_sample=True, set_alpha_to_one=True, steps_offset=0)
LISTED = dict(trained_betas=[round(0.004 + 0.0004 * i, 6) for i in range(60)], num_train_timesteps=60, prediction_type='epsilon', timestep_spacing='leading', clip_sample=False, set_alpha_to_one=True, steps_offset=0)
KINDS = {
    'ddim': (diffusers.DDIMScheduler, {}),
    'ddpm': (diffusers.DDPMScheduler, {}),
    'pndm': (diffusers.PNDMScheduler, dict(skip_prk_steps=True)),
    'euler': (diffusers.EulerDiscreteScheduler, {}),
    'euler_ancestral': (diffusers.EulerAncestralDiscreteScheduler, {}),
    'heun': (diffusers.HeunDiscreteScheduler, {}),
    'dpmpp_2m': (diffusers.DPMSolverMultistepScheduler, {}),
    'dpmpp_2m_sde': (diffusers.DPMSolverMultistepScheduler, dict(algorithm_type='sde-dpmsolver++')),
    'dpmpp_sde': (scheduling_dpmsolver_sde.DPMSolverSDEScheduler, {}),
    'unipc': (diffusers.UniPCMultistepScheduler, {}),
    'lms': (diffusers.LMSDiscreteScheduler, {}),
    'lcm': (diffusers.LCMScheduler, {}),
}

SPACED = [kind for kind in KINDS if kind not in ('ddim', 'ddpm', 'pndm', 'lcm')]


def accepts(kind, key):
    return key in inspect.signature(KINDS[kind][0].__init__).parameters


def model(x, t):
    """Mixes neighbours and the timestep, each value by another rate."""
    rate = 0.002 * (1 + torch.arange(x.numel()).reshape(x.shape) % 5)
    return 0.9 * torch.tanh(1.1 * x + 0.6 * torch.roll(x.flatten(), 3).reshape(x.shape)) + 0.3 * torch.sin(rate * float(t))


class Noise:
    def __init__(self):
        self.drawn = 0

    def __call__(self, *_, **__):
        self.drawn += 1
        return tensor(f'noise {self.drawn}', SHAPE)


class Brownian:
    """Values of one walk that starts at the first sigma asked for; new ones are drawn below the lowest."""

    def __init__(self, noise):
        self.noise, self.values = noise, {}

    def __call__(self, sigma, sigma_next):
        sigma, sigma_next = float(sigma), float(sigma_next)
        if not self.values:
            self.values[sigma] = torch.zeros(SHAPE)
        if sigma_next not in self.values:
            lowest = min(self.values)
            self.values[sigma_next] = self.values[lowest] + self.noise() * (lowest - sigma_next) ** 0.5
        start = min(self.values, key=lambda value: abs(value - sigma))
        return (self.values[sigma_next] - self.values[start]) / (sigma - sigma_next) ** 0.5


def walk(kind, config, steps=20, sigmas='default', eta=0, strength=1):
    cls, extra = KINDS[kind]
    options = {f'use_{sigmas}_sigmas': True} if sigmas != 'default' else {}
    accepted = {key: value for key, value in {**config, **options}.items() if accepts(kind, key)}
    scheduler = cls(**accepted, **extra)
    scheduler.set_timesteps(steps)
    if kind == 'euler_ancestral' and sigmas != 'default':  # diffusers has only Euler over them
        spaced = diffusers.EulerDiscreteScheduler(**{key: value for key, value in config.items() if accepts('euler', key)}, **options)
        spaced.set_timesteps(steps)
        scheduler.sigmas, scheduler.timesteps = spaced.sigmas, spaced.timesteps
    noise = Noise()
    inspect.getmodule(cls).randn_tensor = noise
    if kind == 'dpmpp_sde':
        scheduler.noise_sampler = Brownian(noise)
    first = (steps - int(steps * strength)) * scheduler.order
    if hasattr(scheduler, 'set_begin_index'):
        scheduler.set_begin_index(first)
    timesteps = scheduler.timesteps[first:]
    start = tensor('start', SHAPE)
    x = start * scheduler.init_noise_sigma if strength == 1 else scheduler.add_noise(tensor('clean', SHAPE), start, timesteps[:1])
    begun = x
    for call, t in enumerate(timesteps):
        more = {'eta': eta} if kind == 'ddim' else {'order': min(call + 1, 4)} if kind == 'lms' else {}
        x = scheduler.step(model(scheduler.scale_model_input(x, t), t), t, x, **more).prev_sample
    assert torch.isfinite(x).all(), (kind, config, steps)
    changed = {key: value for key, value, usual in (('sigmas', sigmas, 'default'), ('eta', eta, 0), ('strength', strength, 1)) if value != usual}
    values = {'timesteps': np.array([float(t) for t in scheduler.timesteps]), 'begun': begun.float(), 'result': x.float()}
    return {'kind': kind, 'steps': steps, **changed, **{key: packed(value)['float32'] for key, value in values.items()}}


def walks(name, config):
    for kind in KINDS:
        if config['prediction_type'] == 'sample' and kind in ('pndm', 'euler_ancestral', 'dpmpp_sde'):
            continue  # diffusers has it not
        if config.get('rescale_betas_zero_snr') and not accepts(kind, 'rescale_betas_zero_snr'):
            continue
        if config.get('clip_sample') and not accepts(kind, 'clip_sample'):
            continue
        yield walk(kind, config)
        if name == 'epsilon, leading':
            yield from (walk(kind, config, steps=steps) for steps in (1, 2, 5))
        if name in ('epsilon, leading', 'v_prediction, trailing'):
            yield walk(kind, config, strength=0.6)
        if name == 'epsilon, trailing':
            yield walk(kind, config, steps=48)
        if name in ('epsilon, leading', 'v_prediction, linspace') and kind in SPACED:
            yield from (walk(kind, config, sigmas=sigmas) for sigmas in ('karras', 'exponential'))
        if name == 'epsilon, linspace' and kind in SPACED:
            yield walk(kind, config, steps=6, sigmas='karras', strength=0.5)
        if name == 'epsilon, leading' and kind == 'ddim':
            yield from (walk(kind, config, eta=eta) for eta in (0.5, 1))


schedules = {**SCHEDULES, 'v_prediction, no signal at the end': ZERO, 'sample, linear, clipped': CLIPPED, 'listed betas': LISTED}
cases = [{'name': name, 'config': {'_class_name': 'DDIMScheduler', **config}, 'walks': list(walks(name, config))} for name, config in schedules.items()]
print(sum(len(case['walks']) for case in cases), 'walks')
write('schedules', cases, [diffusers])
