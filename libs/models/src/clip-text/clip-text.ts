// The text half of CLIP: CLIPTextModel.
import { constant, op, quickGelu, scaledDotProductAttention, type Value } from '@facewright/onnx';
import { float32 } from '@facewright/tensor';
import { err } from '../errors.ts';
import type { Binding } from '../nn/binding.ts';
import { Embedding, LayerNorm, Linear } from '../nn/layers.ts';
import { Module } from '../nn/module.ts';
import type { ClipTextConfig } from './config.ts';

class Embeddings extends Module {
  readonly token_embedding: Embedding;
  readonly position_embedding: Embedding;
  constructor({ vocabSize, maxTokens, width }: ClipTextConfig) {
    super();
    this.token_embedding = new Embedding(vocabSize, width);
    this.position_embedding = new Embedding(maxTokens, width);
  }
  forward(b: Binding, ids: Value): Value {
    const positions = op.Slice([b.value(this.position_embedding.weight)], { starts: [0], ends: [ids.shape[1] ?? 0], axes: [0] });
    return op.Add([this.token_embedding.forward(b, ids), positions]);
  }
}

class SelfAttention extends Module {
  readonly k_proj: Linear;
  readonly v_proj: Linear;
  readonly q_proj: Linear;
  readonly out_proj: Linear;
  readonly #heads: number;
  constructor({ width, heads }: ClipTextConfig) {
    super();
    this.k_proj = new Linear(width, width);
    this.v_proj = new Linear(width, width);
    this.q_proj = new Linear(width, width);
    this.out_proj = new Linear(width, width);
    this.#heads = heads;
  }
  forward(b: Binding, x: Value, mask: Value): Value {
    const [q, k, v] = [this.q_proj.forward(b, x), this.k_proj.forward(b, x), this.v_proj.forward(b, x)];
    return this.out_proj.forward(b, scaledDotProductAttention(q, k, v, { heads: this.#heads, mask, fused: b.fused }));
  }
}

class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly #activation: ClipTextConfig['activation'];
  constructor({ width, mlpWidth, activation }: ClipTextConfig) {
    super();
    this.fc1 = new Linear(width, mlpWidth);
    this.fc2 = new Linear(mlpWidth, width);
    this.#activation = activation;
  }
  forward(b: Binding, x: Value): Value {
    const y = this.fc1.forward(b, x);
    return this.fc2.forward(b, this.#activation === 'quick_gelu' ? quickGelu(y) : op.Gelu([y]));
  }
}

class Layer extends Module {
  readonly self_attn: SelfAttention;
  readonly layer_norm1: LayerNorm;
  readonly mlp: Mlp;
  readonly layer_norm2: LayerNorm;
  constructor(config: ClipTextConfig) {
    super();
    this.self_attn = new SelfAttention(config);
    this.layer_norm1 = new LayerNorm(config.width, config.normEpsilon);
    this.mlp = new Mlp(config);
    this.layer_norm2 = new LayerNorm(config.width, config.normEpsilon);
  }
  forward(b: Binding, x: Value, mask: Value): Value {
    const y = op.Add([x, this.self_attn.forward(b, this.layer_norm1.forward(b, x), mask)]);
    return op.Add([y, this.mlp.forward(b, this.layer_norm2.forward(b, y))]);
  }
}

class Encoder extends Module {
  readonly layers: readonly Layer[];
  constructor(config: ClipTextConfig) {
    super();
    this.layers = Array.from({ length: config.layers }, () => new Layer(config));
  }
}

class TextTransformer extends Module {
  readonly embeddings: Embeddings;
  readonly encoder: Encoder;
  readonly final_layer_norm: LayerNorm;
  constructor(config: ClipTextConfig) {
    super();
    this.embeddings = new Embeddings(config);
    this.encoder = new Encoder(config);
    this.final_layer_norm = new LayerNorm(config.width, config.normEpsilon);
  }
}

/** Added to scores: 0 where a token may look (itself and before), -10000 where not; float32 [1, 1, tokens, tokens]. Its exponential is exactly 0 in float32. */
function causalMask(tokens: number): Value {
  const data = Float32Array.from({ length: tokens * tokens }, (_, i) => (i % tokens > Math.floor(i / tokens) ? -10000 : 0));
  return constant(float32([1, 1, tokens, tokens], data));
}

/** Turns token ids into the features that condition a U-Net. */
export class ClipText extends Module {
  readonly text_model: TextTransformer;
  readonly #config: ClipTextConfig;
  constructor(config: ClipTextConfig) {
    super();
    this.text_model = new TextTransformer(config);
    this.#config = config;
  }
  /** int64 ids [n, tokens] to last_hidden_state [n, tokens, width], after the final norm. Throws MODELS_INPUT for more tokens than the model has positions. */
  forward(b: Binding, ids: Value): Value {
    const tokens = ids.shape[1] ?? 0;
    if (ids.shape.length !== 2 || tokens > this.#config.maxTokens)
      throw err.INPUT('input_ids', `[n, at most ${this.#config.maxTokens}]`, `[${ids.shape.join(', ')}]`);
    const { embeddings, encoder, final_layer_norm } = this.text_model;
    const mask = causalMask(tokens);
    const x = encoder.layers.reduce((y, layer) => layer.forward(b, y, mask), embeddings.forward(b, ids));
    return final_layer_norm.forward(b, x);
  }
}
