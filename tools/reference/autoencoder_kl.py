"""Reference outputs of AutoencoderKL on tiny configurations."""
import diffusers
import torch
from common import fill, packed, tensor, write

CASES = {
    'as Stable Diffusion 1.5': dict(block_out_channels=[8, 16], layers_per_block=1, latent_channels=4, norm_num_groups=4,
        down_block_types=['DownEncoderBlock2D'] * 2, up_block_types=['UpDecoderBlock2D'] * 2),
    'three blocks, two layers, without attention and quantisation convolutions': dict(block_out_channels=[4, 4, 8], layers_per_block=2, latent_channels=3, norm_num_groups=2,
        mid_block_add_attention=False, use_quant_conv=False, use_post_quant_conv=False, down_block_types=['DownEncoderBlock2D'] * 3, up_block_types=['UpDecoderBlock2D'] * 3),
}

cases = []
for name, config in CASES.items():
    model = fill(diffusers.AutoencoderKL(**config))
    stride = 2 ** (len(config['block_out_channels']) - 1)
    sample, latents = tensor('sample', (2, 3, 16, 8)), tensor('latent_sample', (2, config['latent_channels'], 16 // stride, 8 // stride))
    with torch.no_grad():
        distribution = model.encode(sample).latent_dist
        decoded = model.decode(latents).sample
    cases.append({'name': name, 'config': config, 'parameters': len(model.state_dict()), 'mean': packed(distribution.mean), 'logvar': packed(distribution.logvar), 'sample': packed(decoded)})
write('autoencoder-kl', cases, [diffusers])
