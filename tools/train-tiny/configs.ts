// Sizes of the embedded models, as the libraries that others use would write them to config.json.
import type { Json } from '@facewright/models';

export const autoencoderConfig: Json = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [32, 48, 48],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
  in_channels: 3,
  // four carry too little of an eye that is six pixels wide
  latent_channels: 8,
  layers_per_block: 1,
  // few groups: a norm over a few channels loses how bright and how red a region is
  norm_num_groups: 2,
  out_channels: 3,
  sample_size: 64,
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
};

export const unetConfig: Json = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  attention_head_dim: 4,
  block_out_channels: [48, 64, 64],
  center_input_sample: false,
  cross_attention_dim: 64,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 8,
  layers_per_block: 1,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 8,
  out_channels: 8,
  sample_size: 16,
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
};

/** Tokens of a prompt, start and end included. */
export const PROMPT_TOKENS = 36;

/** `vocab_size` is added when the vocabulary is known. */
export const textEncoderConfig: Json = {
  architectures: ['CLIPTextModel'],
  hidden_act: 'quick_gelu',
  hidden_size: 64,
  intermediate_size: 256,
  layer_norm_eps: 1e-5,
  max_position_embeddings: PROMPT_TOKENS,
  model_type: 'clip_text_model',
  num_attention_heads: 4,
  num_hidden_layers: 2,
  projection_dim: 64,
};

export const schedulerConfig: Json = {
  _class_name: 'DDIMScheduler',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  set_alpha_to_one: false,
  steps_offset: 1,
  timestep_spacing: 'leading',
};

/** Tokens of the prompt of the face score. */
export const SCORE_TOKENS = 16;

/** A BLIP reward model as of ImageReward, small; `vocab_size` is added when the vocabulary is known. */
export const faceScoreConfig = {
  vision_config: {
    image_size: 48,
    patch_size: 8,
    hidden_size: 64,
    intermediate_size: 256,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    layer_norm_eps: 1e-6,
  },
  text_config: {
    hidden_act: 'gelu',
    hidden_size: 64,
    intermediate_size: 128,
    layer_norm_eps: 1e-12,
    max_position_embeddings: SCORE_TOKENS,
    num_attention_heads: 4,
    num_hidden_layers: 2,
    pad_token_id: 0,
    add_cross_attention: true,
  },
  head_sizes: [32, 16],
};

/** A vision transformer as transformers writes the configuration of DINO; the tensors have the names of DINO's authors. */
export const dinoConfig = {
  architectures: ['ViTModel'],
  hidden_act: 'gelu',
  hidden_size: 64,
  image_size: 64,
  intermediate_size: 256,
  layer_norm_eps: 1e-6,
  model_type: 'vit',
  num_attention_heads: 4,
  num_hidden_layers: 4,
  patch_size: 8,
  qkv_bias: true,
} as const;
