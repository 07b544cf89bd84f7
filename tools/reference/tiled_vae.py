"""Reference outputs of AutoencoderKL with enable_tiling() on a tiny configuration, at sizes that are no multiples of the tile."""
import pathlib

import common
import diffusers
import torch
from common import fill, packed, tensor, write

common.FIXTURES = pathlib.Path(__file__).resolve().parents[2] / 'libs/pipelines/src/tiles/fixtures'
CONFIG = dict(block_out_channels=[4, 8], layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=16,
    down_block_types=['DownEncoderBlock2D'] * 2, up_block_types=['UpDecoderBlock2D'] * 2)
model = fill(diffusers.AutoencoderKL(**CONFIG))
model.enable_tiling()
cases = []
for name, rows, height, width in [('both sides longer than a tile', 1, 11, 17), ('one side shorter than a tile, two rows', 2, 13, 7), ('a last tile one latent wide', 1, 8, 13)]:
    latents, picture = tensor('latents', (rows, 4, height, width)), tensor('picture', (rows, 3, 2 * height, 2 * width))
    with torch.no_grad():
        distribution = model.encode(picture).latent_dist
        decoded = model.decode(latents).sample
    cases.append({'name': name, 'config': CONFIG, 'tile': model.tile_latent_min_size, 'latents': list(latents.shape), 'picture': list(picture.shape),
        'mean': packed(distribution.mean), 'logvar': packed(distribution.logvar), 'decoded': packed(decoded)})
write('tiled-vae', cases, [diffusers])
