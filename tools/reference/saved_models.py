"""Opens in diffusers what the save nodes wrote: node tools/reference/write_saved_models.ts FOLDER, then this with FOLDER. Text encoder parts need diffusers 0.35 with transformers 4: with transformers 5 diffusers 0.42 no longer finds their layers. Prints how far the noise predictions are apart, and fails beyond 1e-5 of the largest value."""
import pathlib
import sys

import diffusers
import peft
import torch
import transformers
from safetensors.torch import load_file

diffusers.utils.logging.set_verbosity_error()
folder = pathlib.Path(sys.argv[1])
results = load_file(folder / 'results.safetensors')
failed = []


def predict(pipe):
    with torch.no_grad():
        encoded = pipe.encode_prompt('a face', device='cpu', num_images_per_prompt=1, do_classifier_free_guidance=False)
        more = {'added_cond_kwargs': {'text_embeds': encoded[2], 'time_ids': torch.tensor([[16.0, 16, 0, 0, 16, 16]])}} if len(encoded) == 4 else {}
        return pipe.unet(results['latents'], 500, encoded[0], **more).sample


def compare(kind, what, want, pipe, base):
    got = predict(pipe)
    off, change = (got - results[want]).abs().max() / results[want].abs().max(), (got - base).abs().max() / base.abs().max()
    print(f'| {kind} | {what} | {change:.2f} | {off:.1e} |')
    if not off < 1e-5:
        failed.append((kind, what))


print('| model | file | changes the base by | differs from ours by |\n| --- | --- | --- | --- |')
for kind in ('sd1', 'sd2', 'sdxl'):
    place = folder / kind
    cls = diffusers.StableDiffusionXLPipeline if kind == 'sdxl' else diffusers.StableDiffusionPipeline
    fresh = lambda: cls.from_pretrained(place / 'base')  # noqa: E731
    base = predict(fresh())
    compare(kind, 'base', f'{kind}.base', fresh(), base)
    pipe = fresh()
    pipe.load_lora_weights(place / 'kohya.safetensors')
    compare(kind, 'LoRA, kohya', f'{kind}.kohya', pipe, base)
    pipe = fresh()
    pipe.load_lora_weights(place / 'diffusers')
    compare(kind, 'LoRA, diffusers', f'{kind}.diffusers', pipe, base)
    pipe = fresh()
    pipe.unet = diffusers.UNet2DConditionModel.from_pretrained(place / 'merged/unet')
    compare(kind, 'U-Net for diffusers', f'{kind}.unet', pipe, base)
    pipe = cls.from_single_file(place / 'merged.safetensors', config=str(place / 'base'), torch_dtype=torch.float32)
    compare(kind, 'checkpoint', f'{kind}.merged', pipe, base)
print('\n' + ', '.join(f'{package.__name__} {package.__version__}' for package in (torch, diffusers, transformers, peft)))
sys.exit(f'beyond tolerance: {failed}' if failed else 0)
