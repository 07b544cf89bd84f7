// Configurations of the tiny models by kind: what sets Stable Diffusion 2 and XL apart from 1.x, at the same small sizes.
import { learnMerges, vocabularyOfMerges, type Json } from '@facewright/models';

export type TinyKind = 'sd1' | 'sd2' | 'sdxl';

export const vocabulary = vocabularyOfMerges(learnMerges(['a face of a woman with red hair', 'a man', 'blurry'], 60));

export const tinyUNet: Json = {
  _class_name: 'UNet2DConditionModel',
  in_channels: 4,
  out_channels: 4,
  sample_size: 4,
  block_out_channels: [8, 16],
  layers_per_block: 1,
  norm_num_groups: 4,
  attention_head_dim: 2,
  cross_attention_dim: 8,
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
};
/** Pictures of 16 pixels, latents of 4. */
export const tinyVae: Json = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [8, 8, 8],
  down_block_types: Array(3).fill('DownEncoderBlock2D'),
  up_block_types: Array(3).fill('UpDecoderBlock2D'),
  latent_channels: 4,
  layers_per_block: 1,
  norm_num_groups: 4,
  scaling_factor: 0.5,
};
export const tinyText: Json = {
  architectures: ['CLIPTextModel'],
  vocab_size: Object.keys(vocabulary.vocab).length,
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 12,
};
export const tinyScheduler: Json = {
  _class_name: 'DDIMScheduler',
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  beta_end: 0.012,
  num_train_timesteps: 1000,
  clip_sample: false,
  set_alpha_to_one: false,
  steps_offset: 1,
};

/** What the folder of a kind holds, by the names of its parts. */
export interface TinyLayout {
  readonly pipeline: string;
  /** Further entries of model_index.json. */
  readonly index: Json;
  readonly unet: Json;
  readonly vae: Json;
  readonly texts: readonly { readonly part: 'text_encoder' | 'text_encoder_2'; readonly config: Json }[];
  readonly tokenizers: readonly { readonly part: 'tokenizer' | 'tokenizer_2'; readonly pad: string }[];
  readonly scheduler: Json;
}

const clip = { part: 'tokenizer', pad: '<|endoftext|>' } as const;
/** Wider than the first encoder, and its pooled vector has a width of its own, so that none stands for another. */
const tinyText2: Json = {
  ...tinyText,
  architectures: ['CLIPTextModelWithProjection'],
  hidden_act: 'gelu',
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 3,
  projection_dim: 12,
  // transformers pools at this token
  eos_token_id: vocabulary.vocab['<|endoftext|>'],
};

export const tinyLayouts: Readonly<Record<TinyKind, TinyLayout>> = {
  sd1: {
    pipeline: 'StableDiffusionPipeline',
    index: { safety_checker: [null, null], feature_extractor: [null, null] },
    unet: tinyUNet,
    vae: tinyVae,
    texts: [{ part: 'text_encoder', config: tinyText }],
    tokenizers: [clip],
    scheduler: tinyScheduler,
  },
  sd2: {
    pipeline: 'StableDiffusionPipeline',
    index: { safety_checker: [null, null], feature_extractor: [null, null] },
    unet: { ...tinyUNet, attention_head_dim: [2, 4], use_linear_projection: true },
    vae: tinyVae,
    texts: [{ part: 'text_encoder', config: { ...tinyText, hidden_act: 'gelu', num_hidden_layers: 2 } }],
    tokenizers: [{ part: 'tokenizer', pad: '!' }],
    scheduler: { ...tinyScheduler, prediction_type: 'v_prediction' },
  },
  sdxl: {
    pipeline: 'StableDiffusionXLPipeline',
    index: { force_zeros_for_empty_prompt: true, feature_extractor: [null, null], image_encoder: [null, null] },
    unet: {
      ...tinyUNet,
      addition_embed_type: 'text_time',
      addition_time_embed_dim: 4,
      // the pooled vector, and six numbers
      projection_class_embeddings_input_dim: 12 + 6 * 4,
      attention_head_dim: [2, 4],
      cross_attention_dim: 8 + 16,
      down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D'],
      transformer_layers_per_block: [1, 2],
      up_block_types: ['CrossAttnUpBlock2D', 'UpBlock2D'],
      use_linear_projection: true,
    },
    vae: { ...tinyVae, force_upcast: true, scaling_factor: 0.4 },
    texts: [
      { part: 'text_encoder', config: { ...tinyText, num_hidden_layers: 2 } },
      { part: 'text_encoder_2', config: tinyText2 },
    ],
    tokenizers: [clip, { part: 'tokenizer_2', pad: '!' }],
    scheduler: { ...tinyScheduler, _class_name: 'EulerDiscreteScheduler', timestep_spacing: 'leading' },
  },
};
