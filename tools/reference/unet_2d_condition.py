"""Reference outputs of UNet2DConditionModel on tiny configurations."""
import diffusers
import torch
from common import fill, packed, tensor, write

CASES = {
    'as Stable Diffusion 1.5': (dict(block_out_channels=[8, 16], layers_per_block=1, attention_head_dim=2, cross_attention_dim=12, norm_num_groups=4, sample_size=8,
        down_block_types=['CrossAttnDownBlock2D', 'DownBlock2D'], up_block_types=['UpBlock2D', 'CrossAttnUpBlock2D']), (8, 8)),
    'linear projections, heads per block, nine channels, odd sizes': (dict(block_out_channels=[8, 16, 24], layers_per_block=2, attention_head_dim=[2, 4, 3], cross_attention_dim=10,
        norm_num_groups=4, norm_eps=1e-4, in_channels=9, out_channels=4, use_linear_projection=True, flip_sin_to_cos=False, freq_shift=1, mid_block_scale_factor=1.5,
        transformer_layers_per_block=[1, 2, 1], only_cross_attention=[False, True, False], sample_size=8,
        down_block_types=['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'], up_block_types=['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D']), (6, 10)),
    'layers and heads that differ by block': (dict(block_out_channels=[8, 8], layers_per_block=[2, 1], attention_head_dim=[1, 4], cross_attention_dim=6, norm_num_groups=8, sample_size=4,
        down_block_types=['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'], up_block_types=['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D']), (4, 4)),
    'as Stable Diffusion 2': (dict(block_out_channels=[4, 8, 12, 12], layers_per_block=1, attention_head_dim=[1, 2, 3, 3], cross_attention_dim=10, norm_num_groups=4, sample_size=8, use_linear_projection=True,
        down_block_types=['CrossAttnDownBlock2D'] * 3 + ['DownBlock2D'], up_block_types=['UpBlock2D'] + ['CrossAttnUpBlock2D'] * 3), (8, 16)),
    'as Stable Diffusion XL': (dict(block_out_channels=[4, 8, 12], layers_per_block=2, attention_head_dim=[1, 2, 3], cross_attention_dim=10, norm_num_groups=4, sample_size=8, use_linear_projection=True,
        transformer_layers_per_block=[1, 2, 3], addition_embed_type='text_time', addition_time_embed_dim=6, projection_class_embeddings_input_dim=6 * 6 + 9,
        down_block_types=['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'], up_block_types=['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D']), (8, 4)),
    'as Stable Diffusion XL, inpainting': (dict(block_out_channels=[8, 16], layers_per_block=1, attention_head_dim=[1, 2], cross_attention_dim=6, norm_num_groups=4, sample_size=8, use_linear_projection=True, in_channels=9,
        transformer_layers_per_block=[1, 2], addition_embed_type='text_time', addition_time_embed_dim=4, projection_class_embeddings_input_dim=6 * 4 + 5,
        down_block_types=['DownBlock2D', 'CrossAttnDownBlock2D'], up_block_types=['CrossAttnUpBlock2D', 'UpBlock2D']), (4, 6)),
}
TIME_IDS = [[1024, 768, 0, 16, 1024, 1024], [512, 640, 3, 0, 896, 1152]]

cases = []
for name, (config, (height, width)) in CASES.items():
    model = fill(diffusers.UNet2DConditionModel(**config))
    sample = tensor('sample', (2, config.get('in_channels', 4), height, width))
    context = tensor('encoder_hidden_states', (2, 5, config['cross_attention_dim']))
    added = {}
    if 'addition_embed_type' in config:
        pooled = config['projection_class_embeddings_input_dim'] - 6 * config['addition_time_embed_dim']
        added = {'text_embeds': tensor('text_embeds', (2, pooled)), 'time_ids': torch.tensor(TIME_IDS, dtype=torch.float32)}
    with torch.no_grad():
        times = torch.tensor([7.0, 981.0])
        prediction = model(sample, times, context, added_cond_kwargs=added or None).sample
        parameters = {k: list(v.shape) for k, v in model.state_dict().items()}
        half = model.half()(sample.half(), times, context.half(), added_cond_kwargs={k: v.half() if k == 'text_embeds' else v for k, v in added.items()} or None).sample
        # How far diffusers in float16 is from itself in float32: small norms enlarge roundings.
        half_error = float((half.float() - prediction).abs().max() / prediction.abs().max())
    cases.append({'name': name, 'config': config, 'height': height, 'width': width, 'tokens': 5, 'timestep': [7, 981], **({'time_ids': TIME_IDS} if added else {}),
        'parameters': parameters if name.startswith('layers') else len(parameters), 'half_error': half_error, 'prediction': packed(prediction)})
write('unet-2d-condition', cases, [diffusers])
