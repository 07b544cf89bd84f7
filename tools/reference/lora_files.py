"""Tiny LoRA files in the spellings of kohya, PEFT and diffusers, and the change of every weight that diffusers makes of them (load_lora_weights, then fuse_lora)."""
import json
import pathlib
import platform
import tempfile

import diffusers
import peft
import safetensors.torch
import torch
import transformers
from common import fill, packed, tensor

FOLDER = pathlib.Path(__file__).resolve().parents[2] / 'libs/weights/src/fixtures/lora'
FOLDER.mkdir(parents=True, exist_ok=True)
UNET = dict(block_out_channels=[8, 16], layers_per_block=1, attention_head_dim=2, cross_attention_dim=12, norm_num_groups=4, sample_size=8,
    down_block_types=['CrossAttnDownBlock2D', 'DownBlock2D'], up_block_types=['UpBlock2D', 'CrossAttnUpBlock2D'])
TEXT = dict(vocab_size=32, hidden_size=12, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=8)
block = 'down_blocks.0.attentions.0.transformer_blocks.0'
linear = {f'{block}.attn1.to_q': (8, 8), f'{block}.attn2.to_k': (8, 12), f'{block}.attn1.to_out.0': (8, 8), f'{block}.ff.net.0.proj': (64, 8)}
convolutions = {'down_blocks.0.attentions.0.proj_in': (8, 8, 1, 1), 'down_blocks.0.resnets.0.conv1': (8, 8, 3, 3)}
text = {f'text_model.encoder.layers.0.self_attn.{name}': (12, 12) for name in ('q_proj', 'out_proj')}


def factors(layer, shape, rank):
    out, inputs, *kernel = shape
    return tensor(f'{layer}.down', (rank, inputs, *kernel)), tensor(f'{layer}.up', (out, rank, *([1] * len(kernel))))


def kohya(rank, alpha):
    state = {}
    for prefix, layers in (('lora_unet', {**linear, **convolutions}), ('lora_te', text)):
        for layer, shape in layers.items():
            down, up = factors(layer, shape, rank)
            name = f'{prefix}_{layer.replace(".", "_")}'
            state |= {f'{name}.lora_down.weight': down, f'{name}.lora_up.weight': up, f'{name}.alpha': torch.tensor(float(alpha))}
    return state


def dotted(down_name, up_name, text_names, rank, layers):
    state = {}
    for part, names, group in (('unet', (down_name, up_name), layers), ('text_encoder', text_names, text)):
        for layer, shape in group.items():
            down, up = factors(layer, shape, rank)
            state |= {f'{part}.{layer}.{names[0]}.weight': down, f'{part}.{layer}.{names[1]}.weight': up}
    return state


def spelled(part, name):
    return f'text_model.{name}' if part == 'text_encoder' else name


files = {
    'kohya.safetensors': (kohya(2, 1), None),
    'kohya.pt': (kohya(2, 8), None),
    'peft.safetensors': (dotted('lora_A', 'lora_B', ('lora_A', 'lora_B'), 3, {**linear, **convolutions}), None),
    'peft-alpha.safetensors': (dotted('lora_A', 'lora_B', ('lora_A', 'lora_B'), 2, linear), {'unet.r': 2, 'unet.lora_alpha': 6, 'unet.target_modules': list(linear), 'text_encoder.r': 2, 'text_encoder.lora_alpha': 1, 'text_encoder.target_modules': list(text)}),
    'diffusers.safetensors': (dotted('lora.down', 'lora.up', ('lora_linear_layer.down', 'lora_linear_layer.up'), 2, linear), None),
}
cases = []
for name, (state, adapter) in files.items():
    if name.endswith('.pt'):
        torch.save(state, FOLDER / name)
    else:
        safetensors.torch.save_file(state, FOLDER / name, {'format': 'pt', **({'lora_adapter_metadata': json.dumps(adapter)} if adapter else {})})
    unet = fill(diffusers.UNet2DConditionModel(**UNET))
    encoder = fill(transformers.CLIPTextModel(transformers.CLIPTextConfig(**TEXT)))
    pipe = diffusers.StableDiffusionPipeline(vae=None, text_encoder=encoder, tokenizer=None, unet=unet, scheduler=None, safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    before = {part: {k: v.clone() for k, v in model.state_dict().items()} for part, model in (('unet', unet), ('text_encoder', encoder))}
    shapes = {part: {spelled(part, k): list(v.shape) for k, v in group.items()} for part, group in before.items()}
    # transformers 5 has no `text_model.` in its names any more, and this diffusers does not take it away: it is done here, and undone below
    bare = {key.replace('text_encoder.text_model.', 'text_encoder.').replace('lora_te_text_model_', 'lora_te_'): value for key, value in state.items()}
    loaded = {key: [m.removeprefix('text_model.') for m in value] if isinstance(value, list) else value for key, value in (adapter or {}).items()}
    with tempfile.TemporaryDirectory() as place:
        safetensors.torch.save_file(bare, f'{place}/x.safetensors', {'format': 'pt', **({'lora_adapter_metadata': json.dumps(loaded)} if adapter else {})})
        pipe.load_lora_weights(place, weight_name='x.safetensors')
    pipe.fuse_lora(components=['unet', 'text_encoder'], lora_scale=1.0)
    pipe.unload_lora_weights()
    deltas = {}
    for part, model in (('unet', unet), ('text_encoder', encoder)):
        after = model.state_dict()
        changed = {k: after[k] - v for k, v in before[part].items() if (after[k] - v).abs().max() > 0}
        deltas[part] = {spelled(part, k): {'shape': list(v.shape), 'largest': v.abs().max().item(), 'some': packed(v.reshape(-1)[:: max(1, v.numel() // 24)][:24])} for k, v in changed.items()}
    cases.append({'file': name, 'deltas': deltas})
    print(name, {part: sorted(d) for part, d in deltas.items()})
path = FOLDER.parent / 'lora.json'
path.write_text(json.dumps({'command': 'python tools/reference/lora_files.py', 'versions': {'python': platform.python_version(), **{p.__name__: p.__version__ for p in (torch, diffusers, transformers, peft)}},
    'seed': 'none: values are hashes of their names', 'shapes': shapes, 'cases': cases}) + '\n')
print(sum(f.stat().st_size for f in FOLDER.iterdir()), path.stat().st_size)
