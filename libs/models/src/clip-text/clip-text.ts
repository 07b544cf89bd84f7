// The text half of CLIP: CLIPTextModel, CLIPTextModelWithProjection.
import { constant, op, quickGelu, scaledDotProductAttention, type Value } from '@facewright/onnx';
import { float32, int64 } from '@facewright/tensor';
import { err } from '../errors.ts';
import type { Binding } from '../nn/binding.ts';
import { Embedding, LayerNorm, Linear, reshape } from '../nn/layers.ts';
import { Module, Parameter } from '../nn/module.ts';
import type { ClipTextConfig } from './config.ts';

/** Vectors instead of those of the vocabulary: textual inversion. */
export interface GivenVectors {
  /** [n, tokens, width]. */
  readonly vectors: Value;
  /** float32 [n, tokens, 1]: 1 where a vector replaces that of its token, 0 where it is not read. */
  readonly mask: Value;
}

class Embeddings extends Module {
  readonly token_embedding: Embedding;
  readonly position_embedding: Embedding;
  constructor({ vocabSize, maxTokens, width }: ClipTextConfig) {
    super();
    this.token_embedding = new Embedding(vocabSize, width);
    this.position_embedding = new Embedding(maxTokens, width);
  }
  forward(b: Binding, ids: Value, given?: GivenVectors): Value {
    const positions = op.Slice([b.value(this.position_embedding.weight)], { starts: [0], ends: [ids.shape[1] ?? 0], axes: [0] });
    const tokens = this.token_embedding.forward(b, ids);
    return op.Add([given ? op.Where([op.Greater([given.mask, 0.5]), given.vectors, tokens]) : tokens, positions]);
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

export interface ClipTextOptions {
  /** How many layers from the end `hidden` is taken. Default 0: the last. */
  readonly skip?: number;
  /** Whether `hidden` goes through the final norm. Default true. */
  readonly finalNorm?: boolean;
  /** int64 [n]: which token stands for its text, usually its first end. With it, `pooled` comes too. */
  readonly poolIndex?: Value;
  readonly given?: GivenVectors;
}

/** Turns token ids into the features that condition a U-Net. */
export class ClipText extends Module {
  readonly text_model: TextTransformer;
  /** transformers holds a Linear, `text_projection.weight` [projection, width]; files of OpenCLIP a matrix `text_projection` [width, projection]. */
  readonly text_projection: Linear | Parameter | null;
  readonly #config: ClipTextConfig;
  constructor(config: ClipTextConfig) {
    super();
    const { width, projection } = config;
    this.text_model = new TextTransformer(config);
    this.text_projection =
      projection === null
        ? null
        : projection.layout === 'linear'
          ? new Linear(width, projection.width, { bias: false })
          : new Parameter([width, projection.width], { kind: 'normal', deviation: width ** -0.5 });
    this.#config = config;
  }
  /**
   * int64 ids [n, tokens] to `hidden` [n, tokens, width], the features after a layer, and with `poolIndex` to `pooled` [n, projection or width], the final-normed last
   * layer at that token, times the projection if there is one. Throws MODELS_INPUT for more tokens than the model has positions, or more skipped than it has layers.
   */
  forward(b: Binding, ids: Value, { skip = 0, finalNorm = true, poolIndex, given }: ClipTextOptions = {}): ClipTextOutputs {
    const { maxTokens, layers: count } = this.#config;
    const tokens = ids.shape[1] ?? 0;
    if (ids.shape.length !== 2 || tokens > maxTokens)
      throw err.INPUT('input_ids', `[n, at most ${maxTokens}]`, `[${ids.shape.join(', ')}]`);
    if (!Number.isInteger(skip) || skip < 0 || skip > count)
      throw err.INPUT('skip', `a whole number from 0 to ${count}, the number of layers`, `${skip}`);
    const { embeddings, encoder, final_layer_norm: norm } = this.text_model;
    const mask = causalMask(tokens);
    const through = (x: Value, from: number, to?: number) =>
      encoder.layers.slice(from, to).reduce((y, layer) => layer.forward(b, y, mask), x);
    const at = through(embeddings.forward(b, ids, given), 0, count - skip);
    const hidden = finalNorm ? norm.forward(b, at) : at;
    if (!poolIndex) return { hidden };
    const last = skip === 0 && finalNorm ? hidden : norm.forward(b, through(at, count - skip));
    return { hidden, pooled: this.#project(b, rowsAt(last, poolIndex)) };
  }
  #project(b: Binding, x: Value): Value {
    if (this.text_projection === null) return x;
    return this.text_projection instanceof Linear ? this.text_projection.forward(b, x) : op.Gemm([x, b.value(this.text_projection)], {});
  }
}

export interface ClipTextOutputs {
  readonly hidden: Value;
  readonly pooled?: Value;
}

/** One row of each: [n, tokens, width] and int64 [n] to [n, width]. */
function rowsAt(x: Value, index: Value): Value {
  const [n = 0, tokens = 0, width = 0] = x.shape;
  const starts = constant(
    int64(
      [n],
      Array.from({ length: n }, (_, i) => i * tokens),
    ),
  );
  return op.Gather([reshape(x, [n * tokens, width]), op.Add([index, starts])], { axis: 0 });
}
