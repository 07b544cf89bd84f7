"""The parts of tools/bench-sd/ours.ts in diffusers on PyTorch: seconds of each."""
import io
import json
import subprocess
import sys
import time

import diffusers
import torch
import transformers
from pipeline import answer, device_of, open_pipeline

settings = json.loads(sys.argv[1])
torch.set_num_threads(settings['threads'])
device, dtype = device_of(settings['provider'])
size, prompt, negative, guidance = (settings[key] for key in ('size', 'prompt', 'negative', 'guidance'))
pipe = None


def timed(work):
    begun = time.perf_counter()
    work()
    if device == 'cuda':
        torch.cuda.synchronize()
    return {'seconds': time.perf_counter() - begun}


def gpu():
    driver = subprocess.run(['nvidia-smi', '--query-gpu=driver_version', '--format=csv,noheader'], capture_output=True, text=True).stdout.split()
    return f'{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, driver {", ".join(driver)}'


def about():
    return {'device': gpu() if device == 'cuda' else None, 'precision': str(dtype).removeprefix('torch.'), 'versions': {'torch': torch.__version__, 'diffusers': diffusers.__version__, 'transformers': transformers.__version__}}


def open_all():
    global pipe
    pipe = open_pipeline(settings['path'], settings['configs'], settings['provider'])


def inputs():
    side = size // pipe.vae_scale_factor
    random = torch.Generator().manual_seed(1)
    normal = lambda *shape: torch.randn(*shape, generator=random).to(device, dtype)
    return {'latents': normal(1, pipe.vae.config.latent_channels, side, side), 'pixels': normal(1, 3, size, size).clamp(-1, 1),
        'texts': normal(2, pipe.tokenizer.model_max_length, pipe.unet.config.cross_attention_dim)}


def text():
    pipe.encode_prompt(prompt, device, 1, True, negative)


def unet():
    both = pipe.unet(torch.cat([drawn['latents']] * 2), torch.tensor(500, device=device), drawn['texts'], return_dict=False)[0]
    without, led = both.chunk(2)
    return without + guidance * (led - without)


def decode():
    pipe.image_processor.postprocess(pipe.vae.decode(drawn['latents'] / pipe.vae.config.scaling_factor, return_dict=False)[0])


def encode():
    pipe.vae.encode(drawn['pixels']).latent_dist.mode() * pipe.vae.config.scaling_factor


def picture():
    open_all()
    image = pipe(prompt, negative_prompt=negative, num_inference_steps=settings['steps'], guidance_scale=guidance, height=size, width=size).images[0]
    image.save(io.BytesIO(), 'png')


def part(name):
    global drawn
    drawn = drawn or inputs()
    return timed({'text': text, 'unet': unet, 'decode': decode, 'encode': encode}[name])


drawn = None
answer({'about': about, 'open': lambda: timed(open_all), 'build': lambda: {'seconds': 0}, 'part': part, 'picture': lambda: timed(picture)})
