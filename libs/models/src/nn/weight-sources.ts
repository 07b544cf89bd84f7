// Where a binding takes its values from: a checkpoint, graph inputs, a base with low-rank additions.
import { input, parameter, type ParameterData, type Value } from '@facewright/onnx';
import type { DType, Shape, Tensor } from '@facewright/tensor';
import { err } from '../errors.ts';
import type { BoundWeight, LowRank, WeightSource } from './binding.ts';
import type { Parameter } from './module.ts';

/** A tensor of a checkpoint: what it is and where its bytes are. Entries of a safetensors header are of this form. */
export type StoredTensor = ParameterData & { readonly dtype: DType; readonly shape: Shape };

const floats: ReadonlySet<DType> = new Set(['float32', 'float16', 'bfloat16', 'float64']);

/** Weights of a checkpoint, never copied, in the element type that they have there. Throws MODELS_WEIGHTS for a missing or misshapen tensor. `rename` sets them apart when two models share a graph. */
export function storedWeights(
  checkpoint: ReadonlyMap<string, StoredTensor>,
  { rename = (name) => name }: { readonly rename?: (name: string) => string } = {},
): WeightSource {
  return (name, wanted) => {
    const stored = checkpoint.get(name);
    if (!stored) throw err.WEIGHTS('checkpoint', [`missing: ${name}`]);
    if (String(stored.shape) !== String(wanted.shape))
      throw err.WEIGHTS('checkpoint', [`misshapen: ${name} is [${stored.shape.join(', ')}], expected [${wanted.shape.join(', ')}]`]);
    return floating(rename(name), stored);
  };
}

function floating(name: string, stored: StoredTensor): Value {
  if (!floats.has(stored.dtype)) throw err.WEIGHTS('checkpoint', [`${name}: expected a floating element type, got ${stored.dtype}`]);
  return parameter(name, stored.dtype, stored.shape, stored);
}

/** Tensors in memory as a checkpoint. */
export const inMemory = (tensors: ReadonlyMap<string, Tensor>): Map<string, StoredTensor> =>
  new Map([...tensors].map(([name, tensor]) => [name, { kind: 'memory', tensor, dtype: tensor.dtype, shape: tensor.dims }]));

/** Every parameter as a graph input under its own name: what a trainer feeds, or keeps as session state. `list` receives each input made. */
export function inputWeights(
  list: Map<string, Value>,
  { rename = (name) => name }: { readonly rename?: (name: string) => string } = {},
): WeightSource {
  return (name, { shape }) => {
    const value = input(rename(name), 'float32', shape);
    list.set(rename(name), value);
    return value;
  };
}

/** Shapes of the two factors for a weight [out, in, ...kernel] at a rank. */
export function lowRankShapes({ shape }: Parameter, rank: number): { readonly down: Shape; readonly up: Shape } {
  const [outputs = 0, inputs = 0, ...kernel] = shape;
  return { down: [rank, inputs, ...kernel], up: [outputs, rank, ...kernel.map(() => 1)] };
}

/** A base with low-rank additions: `additions` is asked for every parameter and returns none where there is none. Sources nest, so several LoRA files add up. */
export function withLowRank(base: WeightSource, additions: (name: string, parameter: Parameter) => readonly LowRank[]): WeightSource {
  return (name, wanted) => {
    const below = base(name, wanted);
    const own: BoundWeight = 'weight' in below ? below : { weight: below, lowRank: [] };
    return { weight: own.weight, lowRank: [...own.lowRank, ...additions(name, wanted)] };
  };
}

/** Factors of a LoRA file, by the names of the weights that they change. */
export interface StoredLowRank {
  readonly down: StoredTensor;
  readonly up: StoredTensor;
  readonly scale: number;
}

/** A base with the factors of a LoRA file, times `strength`. `label` names the file in the graph, where several may change one weight. Entries of `readLora` are of this form. */
export function withStoredLowRank(
  base: WeightSource,
  factors: ReadonlyMap<string, StoredLowRank>,
  { strength, label }: { readonly strength: number; readonly label: string },
): WeightSource {
  return withLowRank(base, (name) => {
    const found = factors.get(name);
    return found
      ? [
          {
            down: floating(`${label}.${name}.down`, found.down),
            up: floating(`${label}.${name}.up`, found.up),
            scale: found.scale * strength,
          },
        ]
      : [];
  });
}

/** The paper's and diffusers' default targets: query, key, value and output projections of attention. */
export const attentionTargets = (name: string): boolean => /\.(to_q|to_k|to_v|to_out\.0)\.weight$/.test(name);
