"""Reference values and gradients of the losses that look at decoded pictures: guidance by DINO's features and ReFL, through a tiny autoencoder of diffusers and tiny networks of transformers, by torch.autograd in double precision; and crops resized by torch.

Writes libs/train/src/fixtures/picture-losses.json and libs/models/src/fixtures/crop-and-resize.json:  python tools/reference/picture_losses.py
"""
import json
import pathlib
import platform

import diffusers
import torch
import torch.nn.functional as F
import torchvision
import transformers
from blip_reward import CASES, reward_model
from common import FIXTURES, fill, hashed, packed, weight, write

VAE = dict(block_out_channels=[8, 12], down_block_types=['DownEncoderBlock2D'] * 2, up_block_types=['UpDecoderBlock2D'] * 2, latent_channels=4, layers_per_block=1, norm_num_groups=4, scaling_factor=0.7)
DINO = dict(image_size=8, patch_size=4, hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3, layer_norm_eps=1e-6)
REWARD = CASES['two layers each, as ImageReward']
LATENTS = (3, 4, 6, 5)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP_MEAN, CLIP_DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
BOXES = [[2, 1, 8, 7], [0, 0, 4, 4], [4, 6, 10, 12]]


def exact(name, shape):
    return torch.from_numpy(hashed(name, shape)).float().double()


def vit_name(name):
    """Names of timm, under which the spec makes the weights."""
    for theirs, ours in {'embeddings.cls_token': 'cls_token', 'embeddings.position_embeddings': 'pos_embed', 'embeddings.patch_embeddings.projection': 'patch_embed.proj', 'layers.': 'blocks.', 'attention.o_proj': 'attn.proj',
            'layernorm_before': 'norm1', 'layernorm_after': 'norm2', 'layernorm': 'norm'}.items():
        name = name.replace(theirs, ours)
    return name


def dino_model():
    model = transformers.ViTModel(transformers.ViTConfig(**DINO, attn_implementation='eager'), add_pooling_layer=False).eval()
    width = DINO['hidden_size']
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if '.attention.' in name and 'o_proj' not in name:
                block, part, kind = name.split('.')[1], name.split('.')[3][0], name.split('.')[-1]
                shape = (3 * width, width) if kind == 'weight' else (3 * width,)
                at = 'qkv'.index(part) * width
                parameter.copy_(weight(f'blocks.{block}.attn.qkv.{kind}', shape)[at:at + width])
            else:
                parameter.copy_(weight(vit_name(name), tuple(parameter.shape)))
    return model.double()


vae = fill(diffusers.AutoencoderKL(**VAE)).double()
dino = dino_model()
vision, text, reward = reward_model(REWARD)
vision.double(), text.double()
for model in (vae, dino, vision, text):
    model.requires_grad_(False)


def decode(latents):
    return (vae.decode(latents / VAE['scaling_factor']).sample / 2 + 0.5).clamp(0, 1)


def normalised(pictures, mean, deviation):
    return (pictures - torch.tensor(mean, dtype=pictures.dtype).reshape(1, 3, 1, 1)) / torch.tensor(deviation, dtype=pictures.dtype).reshape(1, 3, 1, 1)


def crops(pictures, boxes, side):
    """Boxes whose sides are `factor` times `side` for a whole picture resized to a whole size: resized as a whole, then cut."""
    out = []
    for picture, (x1, y1, x2, y2) in zip(pictures, boxes):
        factor = side / (x2 - x1)
        height, width = round(picture.shape[1] * factor), round(picture.shape[2] * factor)
        assert abs(height - picture.shape[1] * factor) < 1e-9 and abs(width - picture.shape[2] * factor) < 1e-9, (factor, height, width)
        whole = F.interpolate(picture[None], (height, width), mode='bilinear', antialias=True, align_corners=False)
        left, top = round(x1 * factor), round(y1 * factor)
        assert abs(left - x1 * factor) < 1e-9 and abs(top - y1 * factor) < 1e-9
        out.append(whole[:, :, top:top + side, left:left + side])
    return torch.cat(out)


def features(latents, boxes):
    pictures, side = decode(latents), DINO['image_size']
    small = F.interpolate(pictures, (side, side), mode='bilinear', antialias=True, align_corners=False) if boxes is None else crops(pictures, boxes, side)
    return dino(normalised(small, MEAN, DEVIATION)).last_hidden_state[:, 0]


def per_sample(x):
    return x.reshape(-1, 1, 1, 1)


def add_noise(latents, noise, abar):
    return per_sample(abar).sqrt() * latents + (1 - per_sample(abar)).sqrt() * noise


def denoise_once(noisy, prediction, abar):
    return (noisy - (1 - per_sample(abar)).sqrt() * prediction) / per_sample(abar).sqrt()


abar = torch.tensor([0.9, 0.5, 0.25], dtype=torch.float64)
timestep = torch.tensor([50.0, 300.0, 600.0], dtype=torch.float64)
snr = abar / (1 - abar)
good, bad, noise = (exact(name, LATENTS) for name in ('good', 'bad', 'noise'))
frozen, trained = exact('frozen', (1, 4, 1, 1)), exact('trained', (1, 4, 1, 1))
bad.requires_grad_(), trained.requires_grad_()
predict = lambda w, noisy: w * noisy + per_sample(timestep) / 1000
noisy_bad, noisy_good = add_noise(bad, noise, abar), add_noise(good, noise, abar)
seen = denoise_once(noisy_bad, predict(trained, noisy_bad), abar)
wanted = {'frozen': denoise_once(noisy_good, predict(frozen, noisy_good), abar), 'clean': good}
inside = ((decode(seen) > 0) & (decode(seen) < 1)).double().mean().item()
print('pixels that the clamp leaves:', inside)
assert inside > 0.3

cases = []
for target, latents in wanted.items():
    for on, boxes in {'picture': None, 'faces': [[2, 1, 6, 5], [0, 0, 4, 4], [4, 6, 8, 10]]}.items():
        a, b = features(seen, boxes), features(latents, boxes)
        for metric, distance in {'cosine': 1 - F.cosine_similarity(a, b), 'l2': ((a - b) ** 2).mean(1)}.items():
            loss = (distance * torch.clamp(snr, max=5)).mean()
            gradients = torch.autograd.grad(loss, [trained, bad], retain_graph=True)
            cases.append({'target': target, 'on': on, 'metric': metric, 'boxes': boxes, 'loss': loss.item(), 'trained': packed(gradients[0]), 'bad': packed(gradients[1])})

# ReFL.py of ImageReward: one step from latents that were denoised so far, the reward of the middle square, hinge at the margin
ids = torch.tensor([[2, 5, 7, 3, 0, 0], [2, 9, 3, 0, 0, 0], [2, 11, 12, 13, 14, 3]])
mask = (ids != 0).long()
latents = exact('latents', LATENTS).requires_grad_()
clean = denoise_once(latents, predict(trained, latents), abar)
side = REWARD['vision_config']['image_size']
preprocess = torchvision.transforms.Compose([torchvision.transforms.Resize(side, interpolation=torchvision.transforms.InterpolationMode.BICUBIC, antialias=True), torchvision.transforms.CenterCrop(side)])
rewards = reward(normalised(preprocess(decode(clean)), CLIP_MEAN, CLIP_DEVIATION), ids, mask)[:, 0]
mean, deviation = 0.16717362830052426, 1.0333394966054072
normal = (rewards - mean) / deviation
refl = []
for name, margin in {'all below the margin': 2.0, 'one above the margin': (normal.sort().values[1:].mean()).item()}.items():
    loss = 1e-3 * F.relu(margin - normal).mean()
    gradients = torch.autograd.grad(loss, [trained, latents], retain_graph=True)
    refl.append({'name': name, 'margin': margin, 'reward': packed(rewards), 'loss': loss.item(), 'trained': packed(gradients[0]), 'latents': packed(gradients[1])})

header = {'command': 'python tools/reference/picture_losses.py', 'versions': {'python': platform.python_version(), **{p.__name__: p.__version__ for p in (torch, torchvision, diffusers, transformers)}}, 'seed': 'none: weights and inputs are hashes of their names'}
path = pathlib.Path(__file__).resolve().parents[2] / 'libs/train/src/fixtures/picture-losses.json'
path.write_text(json.dumps({**header, 'vae': VAE, 'dino': DINO, 'reward': REWARD, 'dims': LATENTS, 'alpha_bar': abar.tolist(), 'timestep': timestep.tolist(), 'guidance': cases, 'refl': {'input_ids': ids.tolist(), 'attention_mask': mask.tolist(), 'cases': refl}}, indent=1) + '\n')
print(path, path.stat().st_size)

# Crops and sizes in both directions.
resized = []
pictures = exact('pictures', (1, 2, 12, 18))
for filter in ('bilinear', 'bicubic'):
    for size in (5, 16):
        resized.append({'filter': filter, 'side': size, 'boxes': [[0, 0, 18, 12]], 'pictures': packed(F.interpolate(pictures, (size, size), mode=filter, antialias=True, align_corners=False))})
        width = int(size * 18 / 12)
        left = round((width - size) / 2)
        scale = 18 / width
        centre = torchvision.transforms.Compose([torchvision.transforms.Resize(size, interpolation=torchvision.transforms.InterpolationMode(filter), antialias=True), torchvision.transforms.CenterCrop(size)])
        resized.append({'filter': filter, 'side': size, 'boxes': [[left * scale, 0, (left + size) * scale, 12]], 'pictures': packed(centre(pictures))})
write('crop-and-resize', resized, [torchvision])
