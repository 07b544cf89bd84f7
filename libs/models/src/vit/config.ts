// Configuration of a vision transformer.
import type { ConfigReader } from '../config.ts';

export interface VisionTransformerConfig {
  /** Side of the square pictures in pixels. */
  readonly imageSize: number;
  readonly patchSize: number;
  readonly width: number;
  readonly mlpWidth: number;
  readonly layers: number;
  readonly heads: number;
  readonly normEpsilon: number;
}

/** Reads the names that transformers gives; what does not fit together is among the reader's problems. */
export function readVisionTransformer(c: ConfigReader): VisionTransformerConfig {
  const config = {
    imageSize: c.integer('image_size'),
    patchSize: c.integer('patch_size'),
    width: c.integer('hidden_size'),
    mlpWidth: c.integer('intermediate_size'),
    layers: c.integer('num_hidden_layers'),
    heads: c.integer('num_attention_heads'),
    normEpsilon: c.number('layer_norm_eps', 1e-6),
  };
  c.oneOf('hidden_act', ['gelu'], 'gelu');
  if (config.imageSize % config.patchSize !== 0)
    c.problems.push(`patch_size: expected a divisor of image_size = ${config.imageSize}, got ${config.patchSize}`);
  if (config.width % config.heads !== 0)
    c.problems.push(`num_attention_heads: expected a divisor of hidden_size = ${config.width}, got ${config.heads}`);
  return config;
}
