// Configurations: what is not supported is named, all at once.
import { describe, expect, it } from 'vitest';
import {
  imageRewardConfig,
  parseAutoencoderConfig,
  parseBlipRewardConfig,
  parseClipTextConfig,
  parseUNetConfig,
  sd15AutoencoderConfig,
  sd15ClipTextConfig,
  sd15UNetConfig,
  sdxlAutoencoderConfig,
  sdxlClipText2Config,
  sdxlUNetConfig,
} from './index.ts';

const message = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    expect((error as { code: string }).code).toBe('MODELS_CONFIG');
    return (error as Error).message;
  }
  throw new Error('the config was accepted');
};

describe('configurations', () => {
  it('of a U-Net are refused with every value that is malformed or not supported', () => {
    const words = message(() =>
      parseUNetConfig({
        ...sd15UNetConfig,
        addition_embed_type: 'image',
        act_fn: 'gelu',
        block_out_channels: [320, 650, 1280],
        mid_block_type: 'UNetMidBlock2D',
        attention_head_dim: [8, 8],
        norm_eps: 'small',
      }),
    );
    for (const part of [
      'addition_embed_type: expected null or "text_time", got "image"',
      'act_fn: expected "silu" or "swish", got "gelu"',
      'norm_num_groups: expected a divisor of block_out_channels[1] = 650, got 32',
      'mid_block_type: expected "UNetMidBlock2DCrossAttn", got "UNetMidBlock2D"',
      'attention_head_dim: expected one number or 3 of them, got [8,8]',
      'down_block_types: expected 3 entries',
      'norm_eps: expected a number, got "small"',
    ])
      expect(words).toContain(part);
  });

  it('of Stable Diffusion XL are read as diffusers writes them today', () => {
    const { addition, heads, transformerLayers } = parseUNetConfig({
      ...sdxlUNetConfig,
      addition_embed_type_num_heads: 64,
      class_embeddings_concat: false,
      conv_in_kernel: 3,
      cross_attention_norm: null,
      encoder_hid_dim: null,
      mid_block_type: 'UNetMidBlock2DCrossAttn',
      num_attention_heads: null,
      only_cross_attention: false,
      resnet_time_scale_shift: 'default',
      time_embedding_type: 'positional',
      upcast_attention: null,
    });
    expect({ addition, heads, transformerLayers }).toEqual({
      addition: { textWidth: 1280, timeWidth: 256 },
      heads: [5, 10, 20],
      transformerLayers: [1, 2, 10],
    });
    expect(
      parseAutoencoderConfig({ ...sdxlAutoencoderConfig, latents_mean: null, latents_std: null, shift_factor: null }).scalingFactor,
    ).toBe(0.13025);
    expect(parseClipTextConfig(sdxlClipText2Config).projection).toEqual({ width: 1280, layout: 'linear' });
    expect(parseClipTextConfig(sd15ClipTextConfig).projection).toBeNull();
    expect(message(() => parseUNetConfig({ ...sdxlUNetConfig, projection_class_embeddings_input_dim: 1536 }))).toContain(
      'projection_class_embeddings_input_dim: expected more than 6 times addition_time_embed_dim = 256, got 1536',
    );
  });

  it('may name unused settings as null or false', () => {
    expect(
      parseUNetConfig({ ...sd15UNetConfig, class_embed_type: null, dual_cross_attention: false, _diffusers_version: '0.6' }).heads,
    ).toEqual([8, 8, 8, 8]);
  });

  it('of an autoencoder and a text model name what they do not know', () => {
    expect(
      message(() => parseAutoencoderConfig({ ...sd15AutoencoderConfig, latents_mean: [0, 0], up_block_types: ['AttnUpDecoderBlock2D'] })),
    ).toMatch(/up_block_types: expected a list of UpDecoderBlock2D.*latents_mean/s);
    expect(message(() => parseClipTextConfig({ ...sd15ClipTextConfig, hidden_act: 'relu', num_attention_heads: 5 }))).toMatch(
      /hidden_act: expected "quick_gelu" or "gelu", got "relu".*num_attention_heads: expected a divisor of hidden_size = 768, got 5/s,
    );
  });

  it('of a reward model are a med_config.json, or the whole model', () => {
    const { vision, text, head, projection } = parseBlipRewardConfig(imageRewardConfig);
    expect([vision.width, vision.layers, text.width, text.layers, ...head, projection]).toEqual([
      1024, 24, 768, 12, 1024, 128, 64, 16, 256,
    ]);
    expect(message(() => parseBlipRewardConfig({ text_config: { ...imageRewardConfig, hidden_act: 'relu' }, head_sizes: [4] }))).toMatch(
      /vision_config: expected an object, got nothing.*text_config\.hidden_act: expected "gelu", got "relu"/s,
    );
    expect(
      message(() =>
        parseBlipRewardConfig({
          text_config: imageRewardConfig,
          vision_config: {
            image_size: 30,
            patch_size: 16,
            hidden_size: 8,
            intermediate_size: 8,
            num_hidden_layers: 1,
            num_attention_heads: 2,
          },
          head_sizes: [4],
        }),
      ),
    ).toContain('vision_config.patch_size: expected a divisor of image_size = 30, got 16');
  });
});
