"""Reference features of DINO on tiny configurations, by timm's vision transformer (the names of the authors) and by transformers' ViTModel (the names in its files), and the names and shapes of the published sizes."""
import re
import tempfile

import safetensors.torch
import timm
import torch
import transformers
from common import packed, tensor, weight, write

TINY = {
    'one layer': dict(image_size=8, patch_size=4, hidden_size=12, intermediate_size=20, num_hidden_layers=1, num_attention_heads=3),
    'two layers': dict(image_size=18, patch_size=6, hidden_size=8, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2),
}
FULL = {
    'ViT-S/16': dict(image_size=224, patch_size=16, hidden_size=384, intermediate_size=1536, num_hidden_layers=12, num_attention_heads=6),
    'ViT-S/8': dict(image_size=224, patch_size=8, hidden_size=384, intermediate_size=1536, num_hidden_layers=12, num_attention_heads=6),
    'ViT-B/16': dict(image_size=224, patch_size=16, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12),
    'ViT-B/8': dict(image_size=224, patch_size=8, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12),
}


def of_timm(c):
    return timm.models.VisionTransformer(img_size=c['image_size'], patch_size=c['patch_size'], embed_dim=c['hidden_size'], depth=c['num_hidden_layers'], num_heads=c['num_attention_heads'],
        mlp_ratio=c['intermediate_size'] / c['hidden_size'], num_classes=0).eval()


def of_transformers(c, **options):
    config = transformers.ViTConfig(**c, attn_implementation='eager', **options)
    return transformers.ViTModel(config, add_pooling_layer=False).eval()


def in_file(model):
    """Names and shapes as save_pretrained writes them, which are not those of the modules."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return {name: list(value.shape) for name, value in safetensors.torch.load_file(f'{folder}/model.safetensors').items()}


def filled(model):
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        path = f'{folder}/model.safetensors'
        values = {name: weight(name, tuple(value.shape)) for name, value in safetensors.torch.load_file(path).items()}
        safetensors.torch.save_file(values, path, {'format': 'pt'})
        return transformers.ViTModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation='eager').eval()


def layered(shapes):
    """The first layer stands for all."""
    return {re.sub(r'^(blocks|encoder\.layer)\.0\.', r'\1.*.', name): shape for name, shape in shapes.items() if not re.match(r'(blocks|encoder\.layer)\.[1-9]', name)}


cases = []
for name, config in TINY.items():
    pixels = tensor('pixel_values', (2, 3, config['image_size'], config['image_size']))
    model = of_timm(config)
    shapes = {key: list(value.shape) for key, value in model.state_dict().items()}
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.copy_(weight(key, tuple(parameter.shape)))
        cases.append({'name': f'{name}, authors', 'config': {'num_attention_heads': config['num_attention_heads']}, 'tensors': shapes, 'features': packed(model(pixels))})
        for epsilon in (1e-12, 1e-3):
            model = filled(of_transformers(config, layer_norm_eps=epsilon))
            features = model(pixels).last_hidden_state[:, 0]
            cases.append({'name': f'{name}, transformers, epsilon {epsilon}', 'config': {**config, 'layer_norm_eps': epsilon}, 'tensors': in_file(model), 'features': packed(features)})

full = []
for name, config in FULL.items():
    model = of_timm(config)
    shapes = {key: list(value.shape) for key, value in model.state_dict().items()}
    full.append({'name': name, 'config': config, 'parameters': sum(p.numel() for p in model.parameters()), 'authors': layered(shapes), 'transformers': layered(in_file(of_transformers(config)))})
write('dino', cases, [timm, transformers], full=full)
