// The head of LAION's aesthetic predictor: from CLIP's features of a picture to a number from about 1 to 10.
import { input, op, type Value } from '@facewright/onnx';
import type { Shape } from '@facewright/tensor';
import { err } from '../errors.ts';
import { bind, type Binding, type WeightSource } from '../nn/binding.ts';
import { Linear, reshape } from '../nn/layers.ts';
import { Module } from '../nn/module.ts';

export interface AestheticConfig {
  /** Width of the features, then of each layer. */
  readonly sizes: readonly number[];
  /** Whether all layers but the last end in ReLU. */
  readonly relu: boolean;
}

const layerName = /^layers\.(\d+)\.weight$/;

/** The head in a file: without activations its layers stand at 0, 2, 4, 6, 7, with them at 0, 3, 6, 9, 11. Throws MODELS_INPUT for a file of another kind. */
export function aestheticConfigOf(file: string, tensors: ReadonlyMap<string, { readonly shape: Shape }>): AestheticConfig {
  const layers = [...tensors].flatMap(([name, { shape }]) => {
    const at = layerName.exec(name)?.[1];
    return at !== undefined && shape.length === 2 ? [{ at: Number(at), outputs: shape[0]!, inputs: shape[1]! }] : [];
  });
  layers.sort((a, b) => a.at - b.at);
  if (layers.length < 2)
    throw err.INPUT(
      file,
      'the head of an aesthetic predictor (layers.0.weight …)',
      [...tensors.keys()].slice(0, 3).join(', ') || 'no tensors',
    );
  return { sizes: [layers[0]!.inputs, ...layers.map(({ outputs }) => outputs)], relu: layers[1]!.at === 3 };
}

export class AestheticHead extends Module {
  readonly layers: readonly (Linear | null)[];
  readonly #relu: boolean;
  constructor({ sizes, relu }: AestheticConfig) {
    super();
    const linear = sizes.slice(1).map((size, i) => new Linear(sizes[i]!, size));
    // dropout stood after all but the last two layers, an activation after all but the last
    const gap = (i: number): null[] => [...(relu && i < linear.length - 1 ? [null] : []), ...(i < linear.length - 2 ? [null] : [])];
    this.layers = linear.flatMap((layer, i) => [layer, ...gap(i)]);
    this.#relu = relu;
  }
  /** [n, width], each of length 1, to [n]. */
  forward(b: Binding, features: Value): Value {
    const layers = this.layers.filter((layer) => layer !== null);
    const y = layers.reduce((x, layer, i) => {
      const next = layer.forward(b, x);
      return this.#relu && i < layers.length - 1 ? op.Relu([next]) : next;
    }, features);
    return reshape(y, [features.shape[0] ?? 0]);
  }
}

/** Input `image_embeds` [batch, width], each of length 1; output `score` [batch]. */
export function aestheticGraph(
  config: AestheticConfig,
  { batch }: { readonly batch: number },
  weights: WeightSource,
): { readonly score: Value } {
  const head = new AestheticHead(config);
  return { score: head.forward(bind(head, weights), input('image_embeds', 'float32', [batch, config.sizes[0]!])) };
}
