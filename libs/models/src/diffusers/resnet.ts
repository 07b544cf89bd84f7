// Residual convolution blocks of diffusers and the sampling between them.
import { op, silu, type Value } from '@facewright/onnx';
import type { Binding } from '../nn/binding.ts';
import { Conv2d, GroupNorm, Linear, reshape } from '../nn/layers.ts';
import { Module } from '../nn/module.ts';

export interface ResnetOptions {
  readonly groups: number;
  readonly epsilon: number;
  /** Width of the timestep embedding; absent where there is no time. */
  readonly time?: number;
  /** The sum is divided by this. Default 1. */
  readonly outputScale?: number;
}

/** norm, SiLU, convolution, twice, plus shortcut: ResnetBlock2D. */
export class ResnetBlock extends Module {
  readonly norm1: GroupNorm;
  readonly conv1: Conv2d;
  readonly time_emb_proj: Linear | null;
  readonly norm2: GroupNorm;
  readonly conv2: Conv2d;
  readonly conv_shortcut: Conv2d | null;
  readonly #outputScale: number;
  constructor(inputs: number, outputs: number, { groups, epsilon, time, outputScale = 1 }: ResnetOptions) {
    super();
    this.norm1 = new GroupNorm(groups, inputs, epsilon);
    this.conv1 = new Conv2d(inputs, outputs, { kernel: 3, padding: 1 });
    this.time_emb_proj = time === undefined ? null : new Linear(time, outputs);
    this.norm2 = new GroupNorm(groups, outputs, epsilon);
    this.conv2 = new Conv2d(outputs, outputs, { kernel: 3, padding: 1 });
    this.conv_shortcut = inputs === outputs ? null : new Conv2d(inputs, outputs, { kernel: 1 });
    this.#outputScale = outputScale;
  }
  /** `time` is SiLU of the timestep embedding [n, width], the same for all blocks of a net. */
  forward(b: Binding, x: Value, time?: Value): Value {
    let y = this.conv1.forward(b, silu(this.norm1.forward(b, x)));
    if (this.time_emb_proj && time) {
      const shift = this.time_emb_proj.forward(b, time);
      y = op.Add([y, reshape(shift, [...shift.shape, 1, 1])]);
    }
    y = this.conv2.forward(b, silu(this.norm2.forward(b, y)));
    const sum = op.Add([this.conv_shortcut ? this.conv_shortcut.forward(b, x) : x, y]);
    return this.#outputScale === 1 ? sum : op.Mul([sum, 1 / this.#outputScale]);
  }
}

/** Halves height and width by a convolution of stride 2. The autoencoder pads right and below only. */
export class Downsample extends Module {
  readonly conv: Conv2d;
  readonly #asymmetric: boolean;
  constructor(channels: number, { asymmetric = false }: { readonly asymmetric?: boolean } = {}) {
    super();
    this.conv = new Conv2d(channels, channels, { kernel: 3, stride: 2, padding: asymmetric ? 0 : 1 });
    this.#asymmetric = asymmetric;
  }
  forward(b: Binding, x: Value): Value {
    return this.conv.forward(b, this.#asymmetric ? op.Pad([x], { pads: [0, 0, 0, 0, 0, 0, 1, 1] }) : x);
  }
}

/** Nearest neighbour to `size` [h, w] (default: twice), then a convolution. */
export class Upsample extends Module {
  readonly conv: Conv2d;
  constructor(channels: number) {
    super();
    this.conv = new Conv2d(channels, channels, { kernel: 3, padding: 1 });
  }
  forward(b: Binding, x: Value, size?: readonly [number, number]): Value {
    const [, , height = 0, width = 0] = x.shape;
    return this.conv.forward(b, op.Resize([x], { sizes: size ?? [2 * height, 2 * width], mode: 'nearest' }));
  }
}
