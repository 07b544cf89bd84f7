// The layers that checkpoints of PyTorch hold: linear, convolution, normalisation, embedding.
import { groupNorm, op, type Value } from '@facewright/onnx';
import { sizeOf } from '@facewright/tensor';
import type { Binding } from './binding.ts';
import { Module, Parameter } from './module.ts';

/** PyTorch's default for linear and convolution: uniform within 1/sqrt(fan in), weight and bias alike. */
const fanIn = (fan: number) => ({ kind: 'uniform', bound: 1 / Math.sqrt(fan) }) as const;

export const reshape = (x: Value, shape: readonly number[]): Value => op.Reshape([x], { shape });

/** As numbers of an element type; itself where it is of that type. */
export const castTo = (x: Value, to: Value['dtype']): Value => (x.dtype === to ? x : op.Cast([x], { to }));

/** y = x Wᵀ + b over the last axis. W stays in PyTorch's [out, in] layout: Gemm reads it transposed at no cost, a Transpose node would be folded into a second copy. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  constructor(inputs: number, outputs: number, { bias = true }: { readonly bias?: boolean } = {}) {
    super();
    this.weight = new Parameter([outputs, inputs], fanIn(inputs));
    this.bias = bias ? new Parameter([outputs], fanIn(inputs)) : null;
  }
  /** [..., in] to [..., out]. */
  forward(b: Binding, x: Value): Value {
    const [outputs = 0, inputs = 0] = this.weight.shape;
    const rows = sizeOf(x.shape) / inputs;
    const flat = x.shape.length === 2 ? x : reshape(x, [rows, inputs]);
    const weight = b.value(this.weight);
    let y = op.Gemm(this.bias ? [flat, weight, b.value(this.bias)] : [flat, weight], { transB: true });
    for (const { down, up, scale } of b.lowRank(this.weight)) {
      const inner = op.Gemm([flat, down], { transB: true });
      y = op.Add([y, op.Gemm([inner, up], { transB: true, alpha: scale })]);
    }
    return x.shape.length === 2 ? y : reshape(y, [...x.shape.slice(0, -1), outputs]);
  }
}

export interface Conv2dOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
}

/** Convolution of [n, in, h, w]. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly #stride: number;
  readonly #padding: number;
  constructor(inputs: number, outputs: number, { kernel, stride = 1, padding = 0 }: Conv2dOptions) {
    super();
    this.weight = new Parameter([outputs, inputs, kernel, kernel], fanIn(inputs * kernel * kernel));
    this.bias = new Parameter([outputs], fanIn(inputs * kernel * kernel));
    this.#stride = stride;
    this.#padding = padding;
  }
  forward(b: Binding, x: Value): Value {
    const p = this.#padding;
    const spatial = { strides: [this.#stride, this.#stride], pads: [p, p, p, p] } as const;
    let y = op.Conv([x, b.value(this.weight), b.value(this.bias)], spatial);
    for (const { down, up, scale } of b.lowRank(this.weight)) y = op.Add([y, op.Mul([op.Conv([op.Conv([x, down], spatial), up]), scale])]);
    return y;
  }
}

const ones = { kind: 'constant', value: 1 } as const;
const zeros = { kind: 'constant', value: 0 } as const;

/** Normalises the last axis, then scales and shifts it. */
export class LayerNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly #epsilon: number;
  constructor(size: number, epsilon: number) {
    super();
    this.weight = new Parameter([size], ones);
    this.bias = new Parameter([size], zeros);
    this.#epsilon = epsilon;
  }
  forward(b: Binding, x: Value): Value {
    return op.LayerNormalization([x, b.value(this.weight), b.value(this.bias)], { axis: -1, epsilon: this.#epsilon });
  }
}

/** Normalises groups of channels of [n, c, h, w], then scales and shifts each channel. */
export class GroupNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly #groups: number;
  readonly #epsilon: number;
  constructor(groups: number, channels: number, epsilon: number) {
    super();
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
    this.#groups = groups;
    this.#epsilon = epsilon;
  }
  forward(b: Binding, x: Value): Value {
    return groupNorm(x, b.value(this.weight), b.value(this.bias), { groups: this.#groups, epsilon: this.#epsilon });
  }
}

/** A table of vectors [count, size], read by index. */
export class Embedding extends Module {
  readonly weight: Parameter;
  constructor(count: number, size: number) {
    super();
    this.weight = new Parameter([count, size], { kind: 'normal', deviation: 0.02 });
  }
  /** int64 [...] to [..., size]. */
  forward(b: Binding, indices: Value): Value {
    return op.Gather([b.value(this.weight), indices], { axis: 0 });
  }
}
