"""Reference features of both halves of CLIP on tiny configurations: open_clip's own modules (OpenAI's names) and transformers' CLIPModel; the heads of the aesthetic predictor."""
import importlib.machinery
import importlib.util
import sys
import types

import torch
import transformers
from common import fill, packed, tensor, weight, write


def open_clip_model():
    """open_clip without its package file, which wants a torchvision that fits torch: only its model is read."""
    for name in ('torchvision', 'torchvision.ops', 'torchvision.ops.misc'):
        module = types.ModuleType(name)
        module.__spec__, module.__path__ = importlib.machinery.ModuleSpec(name, None, is_package=True), []
        module.FrozenBatchNorm2d = torch.nn.Module
        sys.modules[name] = module
    spec = importlib.util.find_spec('open_clip')
    package = types.ModuleType('open_clip')
    package.__path__, package.__spec__ = list(spec.submodule_search_locations), spec
    sys.modules['open_clip'] = package
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
    return CLIP, CLIPTextCfg, CLIPVisionCfg


CLIP, TextCfg, VisionCfg = open_clip_model()
EOT = 29
IDS = torch.tensor([[28, 5, 7, 3, EOT, 0, 0, 0], [28, 9, EOT, 0, 0, 0, 0, 0], [28, 11, 12, 13, 14, 3, 2, EOT]])
SHAPES = {
    'OpenAI: quick GELU': dict(quick=True, embed=10, vision=dict(layers=2, width=16, head_width=8, patch_size=4, image_size=12), text=dict(context_length=8, vocab_size=30, width=12, heads=3, layers=2)),
    'OpenCLIP: GELU': dict(quick=False, embed=6, vision=dict(layers=1, width=20, head_width=10, patch_size=4, image_size=8), text=dict(context_length=8, vocab_size=30, width=8, heads=2, layers=3)),
}
cases = []
for name, s in SHAPES.items():
    model = fill(CLIP(s['embed'], VisionCfg(**s['vision'], mlp_ratio=4.0), TextCfg(**s['text']), quick_gelu=s['quick']), skip=('logit_scale',))
    heads = {'vision_config': {'num_attention_heads': s['vision']['width'] // s['vision']['head_width']}, 'text_config': {'num_attention_heads': s['text']['heads']}}
    pixels = tensor('pixel_values', (3, 3, s['vision']['image_size'], s['vision']['image_size']))
    with torch.no_grad():
        image, text = model.encode_image(pixels), model.encode_text(IDS)
    tensors = {key: list(value.shape) for key, value in model.state_dict().items()}
    cases.append({'name': name, 'activation': 'quick_gelu' if s['quick'] else 'gelu', 'heads': heads, 'tensors': tensors, 'input_ids': IDS.tolist(),
        'pool_index': IDS.argmax(-1).tolist(), 'image_embeds': packed(image), 'text_embeds': packed(text)})

config = dict(projection_dim=7, vision_config=dict(hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3, image_size=8, patch_size=4, hidden_act='gelu', layer_norm_eps=1e-5),
    text_config=dict(hidden_size=8, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, vocab_size=30, max_position_embeddings=8, hidden_act='gelu', layer_norm_eps=1e-5, eos_token_id=EOT))
model = fill(transformers.CLIPModel(transformers.CLIPConfig(**config, attn_implementation='eager')), skip=('logit_scale',))
pixels = tensor('pixel_values', (3, 3, 8, 8))
with torch.no_grad():
    out = model(input_ids=IDS, pixel_values=pixels)
    image = model.visual_projection(model.vision_model(pixels).pooler_output)
    text = model.text_projection(model.text_model(IDS).pooler_output)
    assert torch.allclose(out.image_embeds, image / image.norm(dim=-1, keepdim=True), atol=1e-6)
cases.append({'name': 'transformers', 'activation': None, 'heads': {k: config[k] for k in ('vision_config', 'text_config')}, 'tensors': {key: list(value.shape) for key, value in model.state_dict().items()},
    'input_ids': IDS.tolist(), 'pool_index': IDS.argmax(-1).tolist(), 'image_embeds': packed(image), 'text_embeds': packed(text)})

heads = []
for name, at, relu in (('linear', [0, 2, 4, 6, 7], False), ('ReLU', [0, 3, 6, 9, 11], True)):
    sizes = [6, 12, 8, 5, 4, 1]
    x = tensor('image_embeds', (3, 6))
    tensors = {}
    for i, place in enumerate(at):
        w, b = weight(f'layers.{place}.weight', (sizes[i + 1], sizes[i])), weight(f'layers.{place}.bias', (sizes[i + 1],))
        tensors |= {f'layers.{place}.weight': list(w.shape), f'layers.{place}.bias': list(b.shape)}
        x = torch.nn.functional.linear(x, w, b)
        x = torch.relu(x) if relu and i < len(at) - 1 else x
    heads.append({'name': name, 'tensors': tensors, 'score': packed(x[:, 0])})
write('clip', {'models': cases, 'heads': heads}, [transformers])
