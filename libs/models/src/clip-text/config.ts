// Configuration of CLIPTextModel and CLIPTextModelWithProjection, as transformers writes it to config.json.
import { ConfigReader, type Json } from '../config.ts';
import type { ClipEncoderConfig } from './encoder.ts';

export interface ClipTextConfig extends ClipEncoderConfig {
  readonly vocabSize: number;
  /** Most tokens of a prompt, start and end included. */
  readonly maxTokens: number;
  /** Of the pooled features, or null without one. */
  readonly projection: {
    readonly width: number;
    /** As its file holds it: a Linear [projection, width], or a matrix [width, projection]. A square one does not say. */
    readonly layout: 'linear' | 'matrix';
  } | null;
}

/** Reads a transformers config; `text_projection_layout: 'matrix'` is not of transformers and says that the weights are of OpenCLIP. Throws MODELS_CONFIG naming every value that is malformed or not supported. */
export function parseClipTextConfig(json: Json): ClipTextConfig {
  const c = new ConfigReader('CLIPTextModel', json);
  const layout = c.oneOf('text_projection_layout', ['linear', 'matrix'], 'linear');
  const config: ClipTextConfig = {
    vocabSize: c.integer('vocab_size', 49408),
    width: c.integer('hidden_size', 512),
    mlpWidth: c.integer('intermediate_size', 2048),
    layers: c.integer('num_hidden_layers', 12),
    heads: c.integer('num_attention_heads', 8),
    maxTokens: c.integer('max_position_embeddings', 77),
    activation: c.oneOf('hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu'),
    normEpsilon: c.number('layer_norm_eps', 1e-5),
    projection: projected(json) ? { width: c.integer('projection_dim', 512), layout } : null,
  };
  if (config.width % config.heads !== 0)
    c.problems.push(`num_attention_heads: expected a divisor of hidden_size = ${config.width}, got ${config.heads}`);
  // of training or of other heads: none reaches an output
  c.ignore(
    'model_type',
    'architectures',
    'projection_dim',
    'attention_dropout',
    'dropout',
    'initializer_factor',
    'initializer_range',
    'bos_token_id',
    'eos_token_id',
    'pad_token_id',
    'torch_dtype',
    'dtype',
    'transformers_version',
    'tie_word_embeddings',
    'return_dict',
    'use_cache',
  );
  c.finish();
  return config;
}

/** A text model of CLIP writes projection_dim into its config whether it projects or not: its class says which. */
const projected = ({ architectures }: Json): boolean =>
  Array.isArray(architectures) && architectures.includes('CLIPTextModelWithProjection');

/** text_encoder/config.json of Stable Diffusion 1.5: the text half of CLIP ViT-L/14. */
export const sd15ClipTextConfig: Json = {
  architectures: ['CLIPTextModel'],
  hidden_act: 'quick_gelu',
  hidden_size: 768,
  intermediate_size: 3072,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  model_type: 'clip_text_model',
  num_attention_heads: 12,
  num_hidden_layers: 12,
  projection_dim: 768,
  vocab_size: 49408,
};

/** text_encoder/config.json of Stable Diffusion 2: OpenCLIP ViT-H/14 without its last layer. */
export const sd2ClipTextConfig: Json = {
  ...sd15ClipTextConfig,
  hidden_act: 'gelu',
  hidden_size: 1024,
  intermediate_size: 4096,
  num_attention_heads: 16,
  num_hidden_layers: 23,
  projection_dim: 512,
};

/** text_encoder_2/config.json of Stable Diffusion XL: OpenCLIP ViT-bigG/14. */
export const sdxlClipText2Config: Json = {
  ...sd15ClipTextConfig,
  architectures: ['CLIPTextModelWithProjection'],
  hidden_act: 'gelu',
  hidden_size: 1280,
  intermediate_size: 5120,
  num_attention_heads: 20,
  num_hidden_layers: 32,
  projection_dim: 1280,
};
