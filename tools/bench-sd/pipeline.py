"""Stable Diffusion by diffusers, opened from the file or folder that Facewright opens, and the loop that answers requests: lines of JSON in, lines of JSON out."""
import json
import os
import sys
import traceback

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel  # noqa: F401, imported before the clock runs
from diffusers.loaders import single_file  # noqa: F401
from transformers import CLIPTextModel, CLIPTokenizer  # noqa: F401

diffusers.utils.logging.set_verbosity_error()
transformers.utils.logging.set_verbosity_error()


def device_of(provider):
    """The GPU with half precision where Facewright uses one and torch has one, else the CPU."""
    return ('cuda', torch.float16) if provider == 'webgpu' and torch.cuda.is_available() else ('cpu', torch.float32)


def open_pipeline(path, configs, provider='cpu'):
    device, dtype = device_of(provider)
    if os.path.isdir(path):
        pipe = StableDiffusionPipeline.from_pretrained(path, local_files_only=True, torch_dtype=dtype, safety_checker=None)
    else:
        pipe = StableDiffusionPipeline.from_single_file(path, config=configs, local_files_only=True, torch_dtype=dtype, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    return pipe.to(device)


def answer(handlers):
    """Says that it is ready, then answers {"ask": name, ...} until its input ends."""
    print(json.dumps({'ready': True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            with torch.inference_mode():
                reply = handlers[request.pop('ask')](**request)
        except Exception:
            reply = {'failed': traceback.format_exc()}
        print(json.dumps(reply), flush=True)
