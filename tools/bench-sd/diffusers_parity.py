"""What diffusers computes with a checkpoint, for tools/bench-sd/parity.ts: inputs and outputs of every case in one safetensors file, and LoRA files beside it."""
import inspect
import json
import sys
import types

import diffusers
import torch
import transformers
from pipeline import answer, open_pipeline
from safetensors.torch import save_file

sys.modules.setdefault('torchsde', types.ModuleType('torchsde'))  # its noise is replaced below
from diffusers.schedulers import scheduling_dpmsolver_sde  # noqa: E402

request = json.loads(sys.argv[1])
torch.set_num_threads(request['threads'])
random = torch.Generator().manual_seed(1)
pipe = open_pipeline(request['path'], request['configs'])
unet, vae, tokenizer = pipe.unet, pipe.vae, pipe.tokenizer
stride, channels = pipe.vae_scale_factor, vae.config.latent_channels
saved = {}

SAMPLERS = {
    'ddim': (diffusers.DDIMScheduler, {}),
    'ddpm': (diffusers.DDPMScheduler, {}),
    'pndm': (diffusers.PNDMScheduler, {'skip_prk_steps': True}),
    'euler': (diffusers.EulerDiscreteScheduler, {}),
    'euler_ancestral': (diffusers.EulerAncestralDiscreteScheduler, {}),
    'heun': (diffusers.HeunDiscreteScheduler, {}),
    'dpmpp_2m': (diffusers.DPMSolverMultistepScheduler, {}),
    'dpmpp_2m_sde': (diffusers.DPMSolverMultistepScheduler, {'algorithm_type': 'sde-dpmsolver++'}),
    'dpmpp_sde': (scheduling_dpmsolver_sde.DPMSolverSDEScheduler, {}),
    'unipc': (diffusers.UniPCMultistepScheduler, {}),
    'lms': (diffusers.LMSDiscreteScheduler, {}),
    'lcm': (diffusers.LCMScheduler, {}),
}


def normal(*shape):
    return torch.randn(*shape, generator=random)


def save(name, value):
    saved[name] = value.detach().contiguous().clone()


class Noise:
    """Noise for samplers that add some, kept in the order in which it was drawn."""

    def __init__(self, shape):
        self.shape, self.drawn = shape, []

    def __call__(self, *_, **__):
        self.drawn.append(normal(*self.shape))
        return self.drawn[-1]


class BrownianWalk:
    """The noise of DPMSolverSDE: increments of one walk over sigma, drawn in the order of the walk."""

    def __init__(self, noise):
        self.noise, self.places = noise, {}

    def __call__(self, sigma, sigma_next):
        sigma, sigma_next = float(sigma), float(sigma_next)
        if not self.places:
            self.places[sigma] = 0.0
        if sigma_next not in self.places:
            lowest = min(self.places)
            self.places[sigma_next] = self.places[lowest] + self.noise() * (lowest - sigma_next) ** 0.5
        start = min(self.places, key=lambda place: abs(place - sigma))
        return (self.places[sigma_next] - self.places[start]) / (sigma - sigma_next) ** 0.5


def text():
    ids = tokenizer(request['prompts'], padding='max_length', truncation=True, max_length=tokenizer.model_max_length, return_tensors='pt').input_ids
    save('tokens', ids.long())
    ids = tokenizer(request['short'], padding='max_length', truncation=True, max_length=tokenizer.model_max_length, return_tensors='pt').input_ids
    states = pipe.text_encoder(ids, output_hidden_states=True).hidden_states
    # as encode_prompt does with clip_skip, which this diffusers cannot with transformers 5
    model = getattr(pipe.text_encoder, 'text_model', pipe.text_encoder)
    for skip in request['skips']:
        save(f'text.{skip}', model.final_layer_norm(states[-skip]))


def one_call(name, inputs):
    save(f'{name}.out', unet(inputs['sample'], inputs['timestep'], inputs['text']).sample)


def unet_inputs(name):
    side = request['side']
    inputs = {'sample': normal(2, unet.config.in_channels, side, side), 'timestep': torch.tensor([801.0, 3.0]), 'text': normal(2, tokenizer.model_max_length, unet.config.cross_attention_dim)}
    for key, value in inputs.items():
        save(f'{name}.{key}', value)
    return inputs


def autoencoder():
    side = request['side'] * stride
    pixels = (normal(1, 3, side, side) * 0.5).clamp(-1, 1)
    latents = normal(1, channels, request['side'], request['side'])
    distribution = vae.encode(pixels).latent_dist
    for name, value in {'pixels': pixels, 'mean': distribution.mean, 'logvar': distribution.logvar, 'latents': latents, 'decoded': vae.decode(latents).sample}.items():
        save(f'vae.{name}', value)


def guided_walk():
    side = request['drawn'] // stride
    noise = normal(1, channels, side, side)
    save('walk.noise', noise)
    drawn = pipe(request['short'][0], negative_prompt=request['negative'], num_inference_steps=request['steps'], guidance_scale=request['guidance'],
        height=request['drawn'], width=request['drawn'], latents=noise.clone(), output_type='latent')
    save('walk.latents', drawn.images)


def samplers():
    side = request['small'] // stride
    shape = (1, channels, side, side)
    start = normal(*shape)
    words = normal(1, tokenizer.model_max_length, unet.config.cross_attention_dim)
    save('samplers.start', start)
    save('samplers.text', words)
    usual = getattr(diffusers, request['scheduler']['_class_name']).from_config(request['scheduler']).config
    for kind in request['samplers']:
        cls, extra = SAMPLERS[kind]
        scheduler = cls.from_config(usual, **extra)
        scheduler.set_timesteps(request['steps'])
        noise = Noise(shape)
        inspect.getmodule(cls).randn_tensor = noise
        if kind == 'dpmpp_sde':
            scheduler.noise_sampler = BrownianWalk(noise)
        x = start * scheduler.init_noise_sigma
        for t in scheduler.timesteps:
            predicted = unet(scheduler.scale_model_input(x, t).float(), t, words).sample
            x = scheduler.step(predicted, t, x).prev_sample
        save(f'samplers.{kind}', x.float())
        for index, drawn in enumerate(noise.drawn):
            save(f'samplers.{kind}.noise.{index}', drawn)


def factors(layer, weight):
    """Random factors of rank 4 that change a weight by about a tenth of its own size."""
    out, inputs, *kernel = weight.shape
    rank = 4
    size = weight.std() * 0.1
    return normal(rank, inputs, *kernel), normal(out, rank, *[1] * len(kernel)) * size / rank**0.5


def lora_files():
    layers = {name: module.weight for name, module in unet.named_modules() if name.endswith(('attn1.to_q', 'attn1.to_k', 'attn2.to_v', 'attn2.to_out.0', 'ff.net.0.proj', 'proj_in', 'conv1'))}
    kohya, peft = {}, {}
    for layer, weight in layers.items():
        down, up = factors(layer, weight)
        name = f'lora_unet_{layer.replace(".", "_")}'
        kohya |= {f'{name}.lora_down.weight': down, f'{name}.lora_up.weight': up, f'{name}.alpha': torch.tensor(2.0)}
        down, up = factors(layer, weight)
        peft |= {f'unet.{layer}.lora_A.weight': down, f'unet.{layer}.lora_B.weight': up}
    save_file(kohya, f'{request["folder"]}/kohya.safetensors')
    alpha = {'unet.r': 4, 'unet.lora_alpha': 6, 'unet.target_modules': list(layers)}
    save_file({name: value.contiguous() for name, value in peft.items()}, f'{request["folder"]}/peft.safetensors', {'format': 'pt', 'lora_adapter_metadata': json.dumps(alpha)})


def loras(inputs):
    lora_files()
    for kind in ('kohya', 'peft'):
        pipe.load_lora_weights(request['folder'], weight_name=f'{kind}.safetensors')
        one_call(f'lora.{kind}', inputs)
        pipe.unload_lora_weights()


def compute():
    if request['only_unet']:
        one_call('unet', unet_inputs('unet'))
    else:
        text()
        inputs = unet_inputs('unet')
        one_call('unet', inputs)
        autoencoder()
        guided_walk()
        samplers()
        loras(inputs)
    save_file(saved, f'{request["folder"]}/{request["name"]}.safetensors')
    return {'torch': torch.__version__, 'diffusers': diffusers.__version__, 'transformers': transformers.__version__}


answer({'compute': compute})
