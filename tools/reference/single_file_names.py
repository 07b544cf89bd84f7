"""What diffusers makes of the names in single files: its converter's pairs of names for whole models, as a count and a hash of each part.

The names in the files are those of libs/models; the converter and the models that its names and shapes must fill are those of diffusers and transformers."""
import hashlib
import json
import pathlib
import subprocess

import diffusers
import torch
import transformers
from common import write
from diffusers.loaders import single_file_utils as single_file

HERE = pathlib.Path(__file__).resolve().parent
FILES = json.loads(subprocess.run(['node', HERE / 'single-file-names.ts'], check=True, capture_output=True, text=True).stdout)


def stored(places):
    """Tensors of a part by the names of the file. Each knows its row numbers, so that a third of one can be told from another."""
    tensors = {}
    for place in places:
        rows, rest = place['shape'][0], place['shape'][1:]
        if 'third' in place:
            rows *= 3
        # rows differ in value, columns are views: no memory for whole models
        tensors[place['name']] = torch.arange(rows, dtype=torch.float32).reshape([rows] + [1] * len(rest)).expand([rows] + rest)
    return tensors


def convert(part, config, tensors):
    if part == 'unet':
        return single_file.convert_ldm_unet_checkpoint(dict(tensors), config)
    if part == 'vae':
        return single_file.convert_ldm_vae_checkpoint(dict(tensors), config)
    if any('resblocks' in name for name in tensors):
        prefix = next(name for name in tensors if 'resblocks' in name).split('transformer.')[0]
        with torch.device('meta'):
            model = text_model(config)
        return single_file.convert_open_clip_checkpoint(model, dict(tensors), prefix)
    return single_file.convert_ldm_clip_checkpoint(dict(tensors), remove_prefix=next(iter(tensors)).split('text_model.')[0])


def text_model(config):
    return getattr(transformers, config['architectures'][0])(transformers.CLIPTextConfig(**{k: v for k, v in config.items() if k not in ('architectures', 'model_type')}))


def state(part, config):
    with torch.device('meta'):
        if part == 'unet':
            model = diffusers.UNet2DConditionModel.from_config(config)
        elif part == 'vae':
            model = diffusers.AutoencoderKL.from_config(config)
        else:
            model = text_model(config)
    # transformers spells names of a text model without projection with this prefix in files only
    return {(k if part in ('unet', 'vae') or k.startswith(('text_model.', 'text_projection')) else f'text_model.{k}'): list(v.shape) for k, v in model.named_parameters()}


cases = []
for kind, parts in FILES.items():
    for part, about in parts.items():
        tensors = stored(about['places'])
        converted = convert(part, about['config'], tensors)
        expected = state(part, about['config'])
        assert {name: list(value.shape) for name, value in converted.items()} == expected, (kind, part)
        origin = {}
        for place in about['places']:
            origin.setdefault(place['name'], []).append(place)
        by_data = {id(value): name for name, value in tensors.items()}
        pairs = []
        for name, value in converted.items():
            source = by_data.get(id(value))
            if source is None and name == 'text_projection.weight':
                source = next(n for n in tensors if n.endswith('text_projection'))
            elif source is None and '_proj.' in name:
                layer, kind_of = name.split('.layers.')[1].split('.')[0], name.rsplit('.', 1)[1]
                source = next(n for n in tensors if f'.resblocks.{layer}.' in n and n.endswith(f'in_proj_{kind_of}'))
                source += f'[{int(value.flatten()[0])}:]'
            elif source is None:  # a 1x1 convolution made a matrix
                source = next(n for n, v in tensors.items() if v.data_ptr() == value.data_ptr())
            pairs.append(f'{name} {source}')
        cases.append({'kind': kind, 'part': part, 'parameters': len(pairs), 'sha256': hashlib.sha256('\n'.join(sorted(pairs)).encode()).hexdigest()})
write('single-file-names', cases, [diffusers, transformers])
