// The text half of CLIP: CLIPTextModel, CLIPTextModelWithProjection.
import { constant, op, type Value } from '@facewright/onnx';
import { float32, int64 } from '@facewright/tensor';
import { err } from '../errors.ts';
import type { Binding } from '../nn/binding.ts';
import { castTo, Embedding, LayerNorm, Linear, reshape } from '../nn/layers.ts';
import { Module, Parameter } from '../nn/module.ts';
import type { ClipTextConfig } from './config.ts';
import { ClipEncoder } from './encoder.ts';

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

class TextTransformer extends Module {
  readonly embeddings: Embeddings;
  readonly encoder: ClipEncoder;
  readonly final_layer_norm: LayerNorm;
  constructor(config: ClipTextConfig) {
    super();
    this.embeddings = new Embeddings(config);
    this.encoder = new ClipEncoder(config);
    this.final_layer_norm = new LayerNorm(config.width, config.normEpsilon);
  }
}

/** Added to scores: 0 where a token may look (itself and before), -10000 where not; float32 [1, 1, tokens, tokens]. Its exponential is exactly 0 in float32 and float16. */
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
    const embedded = embeddings.forward(b, ids, given);
    const mask = castTo(causalMask(tokens), embedded.dtype);
    const through = (x: Value, from: number, to?: number) =>
      encoder.layers.slice(from, to).reduce((y, layer) => layer.forward(b, y, mask), x);
    const at = through(embedded, 0, count - skip);
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
