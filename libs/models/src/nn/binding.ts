// What stands for each parameter while a module writes its graph: a weight of a file, of memory, an input, with low-rank additions or without.
import type { Value } from '@facewright/onnx';
import { err } from '../errors.ts';
import { castTo } from './layers.ts';
import type { Module, Parameter } from './module.ts';

/** An addition `scale * up @ down` to a weight [out, in, ...]: down is [rank, in, ...], up is [out, rank, ...ones]. Kept as two thin products, so that training it never forms the full matrix. */
export interface LowRank {
  readonly down: Value;
  readonly up: Value;
  readonly scale: number;
}

export interface BoundWeight {
  readonly weight: Value;
  readonly lowRank: readonly LowRank[];
}

/** Gives the value for a parameter by its full name. */
export type WeightSource = (name: string, parameter: Parameter) => Value | BoundWeight;

export interface BindOptions {
  /**
   * Use com.microsoft MultiHeadAttention: faster and without large buffers, but inference only, and for the CPU provider only: on WebGPU
   * onnxruntime 1.30 takes a path from 32 query tokens on whose results are wrong (by 2e-2 to 2e-1 of values near 1, measured on SwiftShader). Default false.
   */
  readonly fused?: boolean;
  /** What the graph computes in. Weights of another element type get a Cast, which onnxruntime folds when it opens the graph. Default float32. */
  readonly precision?: Precision;
}

export type Precision = 'float32' | 'float16';

/** Read during forward. One module may be bound many times in one graph; a binding changes nothing but itself. */
export interface Binding {
  readonly fused: boolean;
  value(parameter: Parameter): Value;
  lowRank(parameter: Parameter): readonly LowRank[];
}

/** Binds every parameter of `module` on first use, each exactly once, in one precision. Throws MODELS_UNBOUND from `value` for a parameter of another module. */
export function bind(module: Module, source: WeightSource, { fused = false, precision = 'float32' }: BindOptions = {}): Binding {
  const names = new Map([...module.parameters()].map(([name, parameter]) => [parameter, name]));
  const bound = new Map<Parameter, BoundWeight>();
  const find = (parameter: Parameter): BoundWeight => {
    const known = bound.get(parameter);
    if (known) return known;
    const name = names.get(parameter);
    if (name === undefined) throw err.UNBOUND(`of shape [${parameter.shape.join(', ')}]`);
    const got = source(name, parameter);
    const { weight, lowRank }: BoundWeight = 'weight' in got ? got : { weight: got, lowRank: [] };
    const fresh = {
      weight: castTo(weight, precision),
      lowRank: lowRank.map(({ down, up, scale }) => ({ down: castTo(down, precision), up: castTo(up, precision), scale })),
    };
    bound.set(parameter, fresh);
    return fresh;
  };
  return { fused, value: (parameter) => find(parameter).weight, lowRank: (parameter) => find(parameter).lowRank };
}
