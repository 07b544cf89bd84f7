"""Reference trajectories of DDIM and Euler over 20 steps, on a model that is a fixed formula."""
import diffusers
import torch
from common import packed, tensor, write

SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule='scaled_linear')
CASES = {
    'Stable Diffusion 1.5': dict(**SD, steps_offset=1, set_alpha_to_one=False, clip_sample=False, timestep_spacing='leading', prediction_type='epsilon'),
    'trailing, velocity': dict(**SD, timestep_spacing='trailing', prediction_type='v_prediction', clip_sample=False),
    'linspace, linear betas, clipped original': dict(beta_start=0.0001, beta_end=0.02, beta_schedule='linear', timestep_spacing='linspace', prediction_type='sample', clip_sample=True),
}

cases = []
for name, config in CASES.items():
    for kind, cls in (('ddim', diffusers.DDIMScheduler), ('euler', diffusers.EulerDiscreteScheduler)):
        accepted = config if kind == 'ddim' else {k: v for k, v in config.items() if k not in ('clip_sample', 'set_alpha_to_one')}
        scheduler = cls(**accepted)
        scheduler.set_timesteps(20)
        x = tensor('noise', (1, 4, 2, 2)) * scheduler.init_noise_sigma
        visited = []
        for t in scheduler.timesteps:
            seen = scheduler.scale_model_input(x, t)
            prediction = torch.tanh(seen) * 0.8 + 0.1 * torch.cos(t * 0.01)
            x = scheduler.step(prediction, t, x).prev_sample
            visited.append(x)
        # a scheduler that has stepped would take the noise of its last step
        fresh = cls(**accepted)
        fresh.set_timesteps(20)
        start = fresh.timesteps[12:13]
        noised = fresh.add_noise(tensor('clean', (1, 4, 2, 2)), tensor('noise', (1, 4, 2, 2)), start)
        cases.append({'name': name, 'kind': kind, 'config': {'_class_name': cls.__name__, **accepted}, 'timesteps': [float(t) for t in scheduler.timesteps],
            'initialScale': float(scheduler.init_noise_sigma), 'trajectory': packed(torch.stack(visited)), 'noisedAt12': packed(noised)})
write('schedules', cases, [diffusers])
