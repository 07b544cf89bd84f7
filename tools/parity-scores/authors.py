"""What the authors' code of each scorer computes at full size, for tools/parity-scores/main.ts: one network a call, its inputs and outputs in a safetensors file.
Needs image-reward 1.5 and hpsv2 1.2.0 with transformers 4.48.3 or older, open_clip_torch, timm, fairscale, ftfy. Nothing is downloaded."""
import importlib.metadata
import importlib.util
import json
import pathlib
import sys
import traceback
import types

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

request = json.loads(sys.argv[1])
torch.set_num_threads(request['threads'])
folder = pathlib.Path(request['folder'])
PROMPTS = request['prompts']
NAMES = sorted(path.name for path in pathlib.Path(request['photos']).iterdir() if path.suffix in ('.jpg', '.webp'))
PHOTOS = [Image.open(pathlib.Path(request['photos']) / name).convert('RGB') for name in NAMES]


def bare(*names):
    """Packages without what their __init__ would load."""
    root = importlib.util.find_spec(names[0]).submodule_search_locations[0]
    for name in names:
        package = types.ModuleType(name)
        package.__path__ = [root + name.removeprefix(names[0]).replace('.', '/')]
        sys.modules[name] = package


def save(name, **values):
    save_file({key: torch.as_tensor(value).contiguous().clone() for key, value in values.items()}, folder / f'{name}.safetensors')


def stacked(preprocess):
    return torch.stack([preprocess(photo) for photo in PHOTOS])


def in_fours(run, rows):
    return torch.concat([run(*part) for part in zip(*(row.split(4) for row in rows))])


def photos():
    """The pixels that both sides begin with, and crops as FaceScore.py slices them."""
    values = {f'photo.{i}': np.asarray(photo) for i, photo in enumerate(PHOTOS)}
    values['boxes'] = torch.tensor(request['boxes'], dtype=torch.float64)
    picture = np.asarray(PHOTOS[NAMES.index('Lecun.jpg')])
    for i, (x1, y1, x2, y2) in enumerate(request['boxes']):
        x1, y1, x2, y2 = int(x1 - 1), int(y1 - 1), int(x2 + 1), int(y2 + 1)
        values[f'crop.{i}'] = picture[y1:y2, x1:x2]
    save('photos', **values)
    return {'names': NAMES}


def blip(path):
    bare('ImageReward', 'ImageReward.models', 'ImageReward.models.BLIP')
    from ImageReward.models.BLIP import blip_pretrain
    from transformers import BertTokenizer

    def tokenizer():
        made = BertTokenizer(request['vocabulary'])
        made.add_special_tokens({'bos_token': '[DEC]'})
        made.add_special_tokens({'additional_special_tokens': ['[ENC]']})
        return made

    blip_pretrain.init_tokenizer = tokenizer
    from ImageReward.ImageReward import ImageReward

    model = ImageReward(med_config=f'{path}/med_config.json').eval()
    # strict: as many keys as the authors' model has, position_ids among them
    state = torch.load(f'{path}/FS_model.pt', map_location='cpu', weights_only=True)
    model.load_state_dict(state, strict=True)
    pixels = stacked(model.preprocess)
    tokens = model.blip.tokenizer(PROMPTS, padding='max_length', truncation=True, max_length=35, return_tensors='pt')
    face = model.blip.tokenizer(['A face.'] * len(PHOTOS), padding='max_length', truncation=True, max_length=35, return_tensors='pt')
    count = len(PHOTOS)
    of_prompts = [i % len(PROMPTS) for i in range(count)]
    score = lambda ids, mask: in_fours(lambda *part: model.score_gard(*part), (ids, mask, pixels))[:, 0]  # noqa: E731
    rewards = score(tokens.input_ids[of_prompts], tokens.attention_mask[of_prompts])
    raw = score(face.input_ids, face.attention_mask) * model.std + model.mean
    save('blip', ids=tokens.input_ids, mask=tokens.attention_mask, pixels=pixels, picture=model.blip.visual_encoder(pixels[:2]), rewards=rewards, raw=raw)
    return {'keys': len(state)}


def clip_parts(model, pixels, ids, encode_text, encode_image):
    unit = torch.nn.functional.normalize
    pictures = unit(in_fours(encode_image, (pixels,)), dim=-1)
    texts = unit(encode_text(ids), dim=-1)
    said = texts[[i % len(PROMPTS) for i in range(len(PHOTOS))]]
    return {'pixels': pixels, 'pictures': pictures, 'texts': texts, 'scores': (pictures * said).sum(-1)}


def hps():
    """HPS v2 by its authors' fork of open_clip; the file is half precision under 'state_dict', as theirs is."""
    bare('hpsv2', 'hpsv2.src')
    import open_clip

    # the package lacks the vocabulary of its own tokenizer, which is that of open_clip
    sys.modules['hpsv2.src.open_clip.tokenizer'] = open_clip.tokenizer
    from hpsv2.src.open_clip import create_model, image_transform

    torch.manual_seed(1)
    model = create_model('ViT-H-14', None, precision='fp32', device='cpu', output_dict=True).eval()
    halves = {name: value.half() for name, value in model.state_dict().items()}
    torch.save({'state_dict': halves}, folder / 'HPS_v2.pt')
    model.load_state_dict(halves)
    del halves
    preprocess = image_transform(224, is_train=False)
    ids = open_clip.get_tokenizer('ViT-H-14')(PROMPTS)
    save('hps', **clip_parts(model, stacked(preprocess), ids, model.encode_text, model.encode_image))
    return {}


def clip_model():
    import open_clip

    torch.manual_seed(2)
    model = open_clip.create_model('ViT-L-14-quickgelu', pretrained=None).eval()
    preprocess = open_clip.image_transform(224, is_train=False)
    return model, stacked(preprocess), open_clip.get_tokenizer('ViT-L-14')(PROMPTS)


def clip():
    """OpenAI's CLIP by open_clip, whose names are OpenAI's; on its pictures the head of LAION's predictor with its published weights."""
    model, pixels, ids = clip_model()
    parts = clip_parts(model, pixels, ids, model.encode_text, model.encode_image)
    bare('ImageReward', 'ImageReward.models')
    sys.modules['clip'] = types.ModuleType('clip')
    from ImageReward.models.AestheticScore import MLP

    head = MLP(768).eval()
    head.load_state_dict(torch.load(request['aesthetic'], map_location='cpu', weights_only=True))
    torch.save(model.state_dict(), folder / 'ViT-L-14.pt')
    save('clip', **parts, aesthetic=head(parts['pictures'])[:, 0])
    return {}


def hf_clip():
    """The same size by transformers, saved as its own folder."""
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(3)
    text = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, projection_dim=768, eos_token_id=49407, bos_token_id=49406, pad_token_id=1)
    vision = dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, image_size=224, patch_size=14, projection_dim=768)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=768)).eval()
    import open_clip

    pixels, ids = stacked(open_clip.image_transform(224, is_train=False)), open_clip.get_tokenizer('ViT-L-14')(PROMPTS)
    save('hf_clip', **clip_parts(model, pixels, ids, model.get_text_features, model.get_image_features))
    model.save_pretrained(folder / 'hf_clip')
    return {}


def versions():
    return {name: importlib.metadata.version(name) for name in ('torch', 'torchvision', 'transformers', 'open_clip_torch', 'image-reward', 'hpsv2', 'Pillow')}


HANDLERS = {handler.__name__: handler for handler in (photos, blip, hps, clip, hf_clip, versions)}
print(json.dumps({'ready': True}), flush=True)
for line in sys.stdin:
    details = json.loads(line)
    try:
        with torch.inference_mode():
            reply = HANDLERS[details.pop('ask')](**details)
    except Exception:
        reply = {'failed': traceback.format_exc()}
    print(json.dumps(reply), flush=True)
