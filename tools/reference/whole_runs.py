"""Whole pictures by diffusers' pipelines with the tiny models of the specs: text to image, image to image, inpainting with 9 and with 4 channels, and LoRAs, with Stable Diffusion 1, 2 (v prediction) and XL.

The pipelines are as diffusers has them, but noise and pictures are hashes of their names, and the autoencoder gives the mean of its latents instead of a sample.
"""
import pathlib
import subprocess
import sys
import tempfile

import diffusers
import numpy as np
import torch
import transformers
from common import packed, tensor
import common
from diffusers.pipelines.stable_diffusion import pipeline_stable_diffusion_img2img, pipeline_stable_diffusion_inpaint
from diffusers.pipelines.stable_diffusion_xl import pipeline_stable_diffusion_xl_img2img, pipeline_stable_diffusion_xl_inpaint
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
common.FIXTURES = ROOT / 'libs/pipelines/src/drawing/fixtures'
PROMPT, NEGATIVE = 'a face of a woman with red hair', 'blurry'
STEPS, GUIDANCE, STRENGTH = 6, 4.0, 0.7
NOISE = tensor('noise', (1, 4, 4, 4)) * 1.7


def models(folder, channels, kind='sd1'):
    script = pathlib.Path(__file__).with_name('write_tiny_models.ts')
    subprocess.run(['node', str(script), folder, str(channels), kind], check=True, cwd=ROOT / 'tools')
    return folder


def mean_of(output, *_, **__):
    return output.latent_dist.mode()


for module in (pipeline_stable_diffusion_img2img, pipeline_stable_diffusion_inpaint, pipeline_stable_diffusion_xl_img2img, pipeline_stable_diffusion_xl_inpaint):
    module.retrieve_latents = mean_of
    module.randn_tensor = lambda shape, **_: NOISE.expand(shape).clone()

picture = (tensor('picture', (1, 3, 16, 16)) * 0.5 + 0.5).mul(255).round() / 255
mask = torch.zeros(1, 1, 16, 16)
mask[:, :, 4:12, 8:16] = 1


def lora(folder):
    layer = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_q'
    factor = lambda name, shape: tensor(name, shape).contiguous()
    kohya = {
        f'lora_unet_{layer.replace(".", "_")}.lora_down.weight': factor('kohya.unet.down', (2, 16)),
        f'lora_unet_{layer.replace(".", "_")}.lora_up.weight': factor('kohya.unet.up', (16, 2)),
        f'lora_unet_{layer.replace(".", "_")}.alpha': torch.tensor(1.0),
    }
    peft = {f'unet.{layer}.lora_A.weight': factor('peft.unet.down', (3, 16)), f'unet.{layer}.lora_B.weight': factor('peft.unet.up', (16, 3))}
    save_file(kohya, f'{folder}/kohya.safetensors')
    save_file(peft, f'{folder}/peft.safetensors')


def lora_xl(folder):
    """The naming of kohya's trainer for XL: the U-Net by the names of the original code, and both text encoders."""
    layers = {
        'unet_input_blocks_3_1_transformer_blocks_0_attn2_to_k': (24, 16), 'unet_middle_block_1_transformer_blocks_1_ff_net_0_proj': (16, 128),
        'unet_output_blocks_0_1_proj_out': (16, 16), 'te1_text_model_encoder_layers_0_self_attn_q_proj': (8, 8), 'te1_text_model_encoder_layers_0_self_attn_out_proj': (8, 8), 'te2_text_model_encoder_layers_1_mlp_fc1': (16, 24),
    }
    tensors = {}
    for layer, (inputs, outputs) in layers.items():
        tensors[f'lora_{layer}.lora_down.weight'] = tensor(f'{layer}.down', (2, inputs)).contiguous()
        tensors[f'lora_{layer}.lora_up.weight'] = tensor(f'{layer}.up', (outputs, 2)).contiguous()
        tensors[f'lora_{layer}.alpha'] = torch.tensor(1.0)
    save_file(tensors, f'{folder}/kohya.safetensors')


def run(kind, folder, schedulers=('DDIMScheduler',), loras=False, **changes):
    xl = kind.startswith('StableDiffusionXL')
    pipe = getattr(diffusers, kind).from_pretrained(folder, **({} if xl else dict(safety_checker=None, feature_extractor=None)))
    pipe.set_progress_bar_config(disable=True)
    if loras and xl:
        pipe.load_lora_weights(folder, weight_name='kohya.safetensors', adapter_name='kohya')
        pipe.set_adapters(['kohya'], [0.8])
    elif loras:
        pipe.load_lora_weights(folder, weight_name='kohya.safetensors', adapter_name='kohya')
        pipe.load_lora_weights(folder, weight_name='peft.safetensors', adapter_name='peft')
        pipe.set_adapters(['kohya', 'peft'], [0.8, 0.5])
    config, results = pipe.scheduler.config, {}
    for scheduler in schedulers:
        more = dict(skip_prk_steps=True) if scheduler == 'PNDMScheduler' else {}
        pipe.scheduler = getattr(diffusers, scheduler).from_config(config, **more)
        told = dict(prompt=PROMPT, negative_prompt=NEGATIVE, num_inference_steps=STEPS, guidance_scale=GUIDANCE, output_type='pt')
        if kind in ('StableDiffusionPipeline', 'StableDiffusionXLPipeline'):
            told |= dict(latents=NOISE.clone(), height=16, width=16, guidance_rescale=0.6)
        elif 'Img2Img' in kind:
            told |= dict(image=picture, strength=STRENGTH)
        else:
            told |= dict(image=picture, mask_image=mask, strength=STRENGTH, height=16, width=16)
        results[scheduler] = packed(pipe(**(told | changes)).images)
    return results


with tempfile.TemporaryDirectory() as temporary:
    plain, inpainting = models(f'{temporary}/plain', 4), models(f'{temporary}/inpainting', 9)
    two, xl, xl_inpainting = models(f'{temporary}/two', 4, 'sd2'), models(f'{temporary}/xl', 4, 'sdxl'), models(f'{temporary}/xl-inpainting', 9, 'sdxl')
    lora(plain)
    lora_xl(xl)
    walks = ('DDIMScheduler', 'EulerDiscreteScheduler', 'DPMSolverMultistepScheduler', 'PNDMScheduler', 'HeunDiscreteScheduler')
    cases = {
        'text to image': run('StableDiffusionPipeline', plain, walks),
        'image to image': run('StableDiffusionImg2ImgPipeline', plain, walks),
        'inpainting with 9 channels': run('StableDiffusionInpaintPipeline', inpainting),
        'inpainting with 4 channels': run('StableDiffusionInpaintPipeline', plain),
        'two LoRAs': run('StableDiffusionPipeline', plain, loras=True),
    }
    common.write('whole-runs', cases, (diffusers, transformers))

    walks = ('DDIMScheduler', 'EulerDiscreteScheduler', 'DPMSolverMultistepScheduler')
    cases = {
        '2 with v prediction, text to image': run('StableDiffusionPipeline', two, walks),
        '2 with v prediction, image to image': run('StableDiffusionImg2ImgPipeline', two),
        'XL, text to image': run('StableDiffusionXLPipeline', xl, walks),
        'XL, no negative prompt': run('StableDiffusionXLPipeline', xl, negative_prompt=None),
        'XL, empty negative prompt': run('StableDiffusionXLPipeline', xl, negative_prompt=''),
        'XL, image to image': run('StableDiffusionXLImg2ImgPipeline', xl, walks),
        'XL, inpainting with 9 channels': run('StableDiffusionXLInpaintPipeline', xl_inpainting),
        'XL, inpainting with 4 channels': run('StableDiffusionXLInpaintPipeline', xl),
        'XL, LoRA': run('StableDiffusionXLPipeline', xl, loras=True),
    }
    common.write('whole-runs-of-kinds', cases, (diffusers, transformers))
