// Configuration of CLIP with both halves: sizes as its tensors say, the rest as its config.json or its kind says.
import { parseClipTextConfig, type ClipTextConfig } from '../clip-text/config.ts';
import type { ClipEncoderConfig } from '../clip-text/encoder.ts';
import { ConfigReader, type Json } from '../config.ts';

/** Who named the tensors: OpenAI and OpenCLIP alike, or transformers. */
export type ClipNaming = 'open_clip' | 'transformers';

export interface ClipVisionConfig extends ClipEncoderConfig {
  /** Side of the square pictures in pixels. */
  readonly imageSize: number;
  readonly patchSize: number;
  /** Of the features that pictures and texts share. */
  readonly projection: number;
  readonly naming: ClipNaming;
}

export interface ClipConfig {
  readonly naming: ClipNaming;
  readonly vision: ClipVisionConfig;
  readonly text: ClipTextConfig;
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads `{ naming, projection_dim, vision_config, text_config }`, the two as transformers writes them. Throws MODELS_CONFIG with everything wrong. */
export function parseClipConfig(json: Json): ClipConfig {
  const c = new ConfigReader('CLIP', json);
  const naming = c.oneOf('naming', ['open_clip', 'transformers']);
  const projection = c.integer('projection_dim');
  const part = (key: string): Json => {
    c.ignore(key);
    const value = json[key];
    if (isObject(value)) return value;
    c.problems.push(`${key}: expected an object, got ${JSON.stringify(value) ?? 'nothing'}`);
    return {};
  };
  const [visionJson, textJson] = [part('vision_config'), part('text_config')];
  c.finish();
  return {
    naming,
    vision: { ...parseVision(visionJson), projection, naming },
    text: parseClipTextConfig({
      ...textJson,
      architectures: ['CLIPTextModelWithProjection'],
      projection_dim: projection,
      text_projection_layout: naming === 'open_clip' ? 'matrix' : 'linear',
    }),
  };
}

function parseVision(json: Json): Omit<ClipVisionConfig, 'projection' | 'naming'> {
  const c = new ConfigReader('CLIPVisionModel', json);
  const config = {
    imageSize: c.integer('image_size'),
    patchSize: c.integer('patch_size'),
    width: c.integer('hidden_size'),
    mlpWidth: c.integer('intermediate_size'),
    layers: c.integer('num_hidden_layers'),
    heads: c.integer('num_attention_heads'),
    activation: c.oneOf('hidden_act', ['quick_gelu', 'gelu']),
    normEpsilon: c.number('layer_norm_eps', 1e-5),
  };
  if (config.imageSize % config.patchSize !== 0)
    c.problems.push(`patch_size: expected a divisor of image_size = ${config.imageSize}, got ${config.patchSize}`);
  if (config.width % config.heads !== 0)
    c.problems.push(`num_attention_heads: expected a divisor of hidden_size = ${config.width}, got ${config.heads}`);
  c.finish();
  return config;
}
