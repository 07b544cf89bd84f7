// The text encoder of BLIP: BERT whose every layer also attends to the picture.
import { op, scaledDotProductAttention, type Value } from '@facewright/onnx';
import { err } from '../errors.ts';
import type { Binding } from '../nn/binding.ts';
import { Embedding, LayerNorm, Linear, reshape } from '../nn/layers.ts';
import { Module } from '../nn/module.ts';
import type { BlipTextConfig } from './config.ts';

class Embeddings extends Module {
  readonly word_embeddings: Embedding;
  readonly position_embeddings: Embedding;
  readonly LayerNorm: LayerNorm;
  constructor({ vocabSize, maxTokens, width, normEpsilon }: BlipTextConfig) {
    super();
    this.word_embeddings = new Embedding(vocabSize, width);
    this.position_embeddings = new Embedding(maxTokens, width);
    this.LayerNorm = new LayerNorm(width, normEpsilon);
  }
  forward(b: Binding, ids: Value): Value {
    const positions = op.Slice([b.value(this.position_embeddings.weight)], { starts: [0], ends: [ids.shape[1] ?? 0], axes: [0] });
    return this.LayerNorm.forward(b, op.Add([this.word_embeddings.forward(b, ids), positions]));
  }
}

class Projections extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  constructor(width: number, context: number) {
    super();
    this.query = new Linear(width, width);
    this.key = new Linear(context, width);
    this.value = new Linear(context, width);
  }
}

/** A linear layer whose result is added to what came before, then normalised. */
class AddAndNorm extends Module {
  readonly dense: Linear;
  readonly LayerNorm: LayerNorm;
  constructor(inputs: number, { width, normEpsilon }: BlipTextConfig) {
    super();
    this.dense = new Linear(inputs, width);
    this.LayerNorm = new LayerNorm(width, normEpsilon);
  }
  forward(b: Binding, x: Value, before: Value): Value {
    return this.LayerNorm.forward(b, op.Add([this.dense.forward(b, x), before]));
  }
}

class Attention extends Module {
  readonly self: Projections;
  readonly output: AddAndNorm;
  readonly #heads: number;
  constructor(config: BlipTextConfig, context: number) {
    super();
    this.self = new Projections(config.width, context);
    this.output = new AddAndNorm(config.width, config);
    this.#heads = config.heads;
  }
  forward(b: Binding, x: Value, context: Value, mask?: Value): Value {
    const { query, key, value } = this.self;
    const attended = scaledDotProductAttention(query.forward(b, x), key.forward(b, context), value.forward(b, context), {
      heads: this.#heads,
      fused: b.fused,
      ...(mask && { mask }),
    });
    return this.output.forward(b, attended, x);
  }
}

class Intermediate extends Module {
  readonly dense: Linear;
  constructor({ width, mlpWidth }: BlipTextConfig) {
    super();
    this.dense = new Linear(width, mlpWidth);
  }
}

class Layer extends Module {
  readonly attention: Attention;
  readonly crossattention: Attention;
  readonly intermediate: Intermediate;
  readonly output: AddAndNorm;
  constructor(config: BlipTextConfig, vision: number) {
    super();
    this.attention = new Attention(config, config.width);
    this.crossattention = new Attention(config, vision);
    this.intermediate = new Intermediate(config);
    this.output = new AddAndNorm(config.mlpWidth, config);
  }
  forward(b: Binding, x: Value, picture: Value, mask: Value): Value {
    const y = this.crossattention.forward(b, this.attention.forward(b, x, x, mask), picture);
    return this.output.forward(b, op.Gelu([this.intermediate.dense.forward(b, y)]), y);
  }
}

class Encoder extends Module {
  readonly layer: readonly Layer[];
  constructor(config: BlipTextConfig, vision: number) {
    super();
    this.layer = Array.from({ length: config.layers }, () => new Layer(config, vision));
  }
}

export class TextEncoder extends Module {
  readonly embeddings: Embeddings;
  readonly encoder: Encoder;
  readonly #config: BlipTextConfig;
  constructor(config: BlipTextConfig, vision: number) {
    super();
    this.embeddings = new Embeddings(config);
    this.encoder = new Encoder(config, vision);
    this.#config = config;
  }
  /** int64 ids [n, tokens] and float32 mask [n, tokens] (1 = text, 0 = padding), with picture features [n, any, vision width], to [n, tokens, width]. Throws MODELS_INPUT for too many tokens. */
  forward(b: Binding, { ids, mask, picture }: { readonly ids: Value; readonly mask: Value; readonly picture: Value }): Value {
    const [n = 0, tokens = 0] = ids.shape;
    if (ids.shape.length !== 2 || tokens > this.#config.maxTokens)
      throw err.INPUT('input_ids', `[n, at most ${this.#config.maxTokens}]`, `[${ids.shape.join(', ')}]`);
    if (String(mask.shape) !== String(ids.shape))
      throw err.INPUT('attention_mask', `[${ids.shape.join(', ')}]`, `[${mask.shape.join(', ')}]`);
    const hidden = reshape(op.Mul([op.Sub([1, mask]), -10000]), [n, 1, 1, tokens]);
    const added = op.Expand([hidden], { shape: [n, 1, tokens, tokens] });
    return this.encoder.layer.reduce((x, layer) => layer.forward(b, x, picture, added), this.embeddings.forward(b, ids));
  }
}
