// Configuration of the BLIP reward model of ImageReward and FaceScore.
import { ConfigReader, type Json } from '../config.ts';
import { readVisionTransformer, type VisionTransformerConfig } from '../vit/config.ts';

export interface BlipTextConfig {
  readonly vocabSize: number;
  readonly width: number;
  readonly mlpWidth: number;
  readonly layers: number;
  readonly heads: number;
  readonly maxTokens: number;
  readonly normEpsilon: number;
}

export interface BlipRewardConfig {
  readonly vision: VisionTransformerConfig;
  readonly text: BlipTextConfig;
  /** Widths of the hidden layers of the reward head. */
  readonly head: readonly number[];
  /** Width of the projections of BLIP's contrastive training, which the reward does not use; null where the checkpoint has none. */
  readonly projection: number | null;
}

/** What ImageReward's code says and its med_config.json does not: ViT-L/16 on 224 pixels, the head, the projections. */
const imageRewardParts: Json = {
  vision_config: {
    image_size: 224,
    patch_size: 16,
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 24,
    num_attention_heads: 16,
    layer_norm_eps: 1e-6,
  },
  head_sizes: [1024, 128, 64, 16],
  projection_dim: 256,
};

function parseText(json: Json, problems: string[]): BlipTextConfig {
  const c = new ConfigReader('text_config', json);
  const config = {
    vocabSize: c.integer('vocab_size'),
    width: c.integer('hidden_size'),
    mlpWidth: c.integer('intermediate_size'),
    layers: c.integer('num_hidden_layers'),
    heads: c.integer('num_attention_heads'),
    maxTokens: c.integer('max_position_embeddings'),
    normEpsilon: c.number('layer_norm_eps', 1e-12),
  };
  c.oneOf('hidden_act', ['gelu'], 'gelu');
  c.oneOf('add_cross_attention', [true], true);
  // training and unused parts; ImageReward replaces encoder_width by the width of its vision model
  c.ignore(
    'architectures',
    'model_type',
    'attention_probs_dropout_prob',
    'hidden_dropout_prob',
    'initializer_range',
    'pad_token_id',
    'type_vocab_size',
    'encoder_width',
  );
  if (config.width % config.heads !== 0)
    c.problems.push(`num_attention_heads: expected a divisor of hidden_size = ${config.width}, got ${config.heads}`);
  problems.push(...c.collect().map((p) => `text_config.${p}`));
  return config;
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads ImageReward's or FaceScore's med_config.json, which describes the text half of a model that is fixed otherwise; or
 * `{ text_config, vision_config, head_sizes, projection_dim }`, which describes all of it. Throws MODELS_CONFIG with everything wrong.
 */
export function parseBlipRewardConfig(json: Json): BlipRewardConfig {
  const whole: Json = 'text_config' in json || 'vision_config' in json ? json : { ...imageRewardParts, text_config: json };
  const c = new ConfigReader('BLIP reward', whole);
  const part = (key: string): Json => {
    c.ignore(key);
    const value = whole[key];
    if (isObject(value)) return value;
    c.problems.push(`${key}: expected an object, got ${JSON.stringify(value) ?? 'nothing'}`);
    return {};
  };
  const [visionJson, textJson] = [part('vision_config'), part('text_config')];
  const reader = new ConfigReader('vision_config', visionJson);
  const vision = readVisionTransformer(reader);
  reader.ignore('model_type');
  c.problems.push(...reader.collect().map((p) => `vision_config.${p}`));
  const text = parseText(textJson, c.problems);
  const projection = whole['projection_dim'] === undefined || whole['projection_dim'] === null ? null : c.integer('projection_dim');
  c.ignore('model_type', 'architectures');
  const head = c.integers('head_sizes');
  c.finish();
  return { vision, text, head, projection };
}

/** med_config.json of ImageReward and FaceScore. */
export const imageRewardConfig: Json = {
  architectures: ['BertModel'],
  attention_probs_dropout_prob: 0.1,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  hidden_size: 768,
  initializer_range: 0.02,
  intermediate_size: 3072,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  model_type: 'bert',
  num_attention_heads: 12,
  num_hidden_layers: 12,
  pad_token_id: 0,
  type_vocab_size: 2,
  vocab_size: 30524,
  encoder_width: 768,
  add_cross_attention: true,
};

/** ImageReward reports (reward - mean) / deviation; FaceScore reports the reward itself. */
export const imageRewardScale = { mean: 0.16717362830052426, deviation: 1.0333394966054072 } as const;

/** Pictures are RGB in [0, 1], minus the mean, divided by the deviation of each channel (CLIP's). */
export const blipPixels = { mean: [0.48145466, 0.4578275, 0.40821073], deviation: [0.26862954, 0.26130258, 0.27577711] } as const;
