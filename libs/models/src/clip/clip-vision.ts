// The picture half of CLIP: CLIPVisionModelWithProjection.
import { input, op, type Value } from '@facewright/onnx';
import { ClipEncoder } from '../clip-text/encoder.ts';
import { err } from '../errors.ts';
import { bind, type Binding, type BindOptions, type WeightSource } from '../nn/binding.ts';
import { Embedding, LayerNorm, Linear, reshape } from '../nn/layers.ts';
import { Module, Parameter } from '../nn/module.ts';
import { toTokens } from '../nn/tokens.ts';
import type { ClipVisionConfig } from './config.ts';

/** A convolution without bias whose patches do not overlap. */
class PatchEmbedding extends Module {
  readonly weight: Parameter;
  readonly #patch: number;
  constructor({ patchSize, width }: ClipVisionConfig) {
    super();
    this.weight = new Parameter([width, 3, patchSize, patchSize], { kind: 'normal', deviation: 0.02 });
    this.#patch = patchSize;
  }
  forward(b: Binding, pixels: Value): Value {
    return op.Conv([pixels, b.value(this.weight)], { strides: [this.#patch, this.#patch], pads: [0, 0, 0, 0] });
  }
}

class Embeddings extends Module {
  readonly class_embedding: Parameter;
  readonly patch_embedding: PatchEmbedding;
  readonly position_embedding: Embedding;
  readonly #width: number;
  constructor(config: ClipVisionConfig) {
    super();
    this.class_embedding = new Parameter([config.width], { kind: 'normal', deviation: 0.02 });
    this.patch_embedding = new PatchEmbedding(config);
    this.position_embedding = new Embedding((config.imageSize / config.patchSize) ** 2 + 1, config.width);
    this.#width = config.width;
  }
  forward(b: Binding, pixels: Value): Value {
    const patches = toTokens(this.patch_embedding.forward(b, pixels));
    const whole = op.Expand([reshape(b.value(this.class_embedding), [1, 1, this.#width])], {
      shape: [pixels.shape[0] ?? 0, 1, this.#width],
    });
    return op.Add([op.Concat([whole, patches], { axis: 1 }), b.value(this.position_embedding.weight)]);
  }
}

class VisionTransformer extends Module {
  readonly embeddings: Embeddings;
  /** Misspelled so in transformers and hence in files. */
  readonly pre_layrnorm: LayerNorm;
  readonly encoder: ClipEncoder;
  readonly post_layernorm: LayerNorm;
  constructor(config: ClipVisionConfig) {
    super();
    this.embeddings = new Embeddings(config);
    this.pre_layrnorm = new LayerNorm(config.width, config.normEpsilon);
    this.encoder = new ClipEncoder(config);
    this.post_layernorm = new LayerNorm(config.width, config.normEpsilon);
  }
}

/** Turns pictures into the features that CLIP compares with those of texts. */
export class ClipVision extends Module {
  readonly vision_model: VisionTransformer;
  /** transformers holds a Linear, `visual_projection.weight` [projection, width]; files of OpenAI and OpenCLIP a matrix [width, projection]. */
  readonly visual_projection: Linear | Parameter;
  readonly #config: ClipVisionConfig;
  constructor(config: ClipVisionConfig) {
    super();
    const { width, projection, naming } = config;
    this.vision_model = new VisionTransformer(config);
    this.visual_projection =
      naming === 'transformers'
        ? new Linear(width, projection, { bias: false })
        : new Parameter([width, projection], { kind: 'normal', deviation: width ** -0.5 });
    this.#config = config;
  }
  /** Pictures [n, 3, size, size], normalised as `blipPixels` says, to features [n, projection], not normalised. Throws MODELS_INPUT for another size. */
  forward(b: Binding, pixels: Value): Value {
    const { imageSize, width } = this.#config;
    const [n = 0, ...rest] = pixels.shape;
    if (String(rest) !== String([3, imageSize, imageSize]))
      throw err.INPUT('pixel_values', `[n, 3, ${imageSize}, ${imageSize}]`, `[${pixels.shape.join(', ')}]`);
    const { embeddings, pre_layrnorm: before, encoder, post_layernorm: after } = this.vision_model;
    const tokens = before.forward(b, embeddings.forward(b, pixels));
    const x = encoder.layers.reduce((y, layer) => layer.forward(b, y), tokens);
    const whole = after.forward(b, reshape(op.Slice([x], { starts: [0], ends: [1], axes: [1] }), [n, width]));
    const projection = this.visual_projection;
    return projection instanceof Linear ? projection.forward(b, whole) : op.Gemm([whole, b.value(projection)], {});
  }
}

/** Input `pixel_values` [batch, 3, size, size]; output `image_embeds` [batch, projection], not normalised. */
export function clipVisionGraph(
  config: ClipVisionConfig,
  { batch }: { readonly batch: number },
  weights: WeightSource,
  options: BindOptions = {},
): { readonly image_embeds: Value } {
  const vision = new ClipVision(config);
  const pixels = input('pixel_values', 'float32', [batch, 3, config.imageSize, config.imageSize]);
  return { image_embeds: vision.forward(bind(vision, weights, options), pixels) };
}
