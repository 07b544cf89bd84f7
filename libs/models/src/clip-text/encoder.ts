// The transformer that both halves of CLIP have, with the names of transformers.
import { op, quickGelu, scaledDotProductAttention, type Value } from '@facewright/onnx';
import type { Binding } from '../nn/binding.ts';
import { LayerNorm, Linear } from '../nn/layers.ts';
import { Module } from '../nn/module.ts';

export interface ClipEncoderConfig {
  readonly width: number;
  readonly mlpWidth: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: 'quick_gelu' | 'gelu';
  readonly normEpsilon: number;
}

class SelfAttention extends Module {
  readonly k_proj: Linear;
  readonly v_proj: Linear;
  readonly q_proj: Linear;
  readonly out_proj: Linear;
  readonly #heads: number;
  constructor({ width, heads }: ClipEncoderConfig) {
    super();
    this.k_proj = new Linear(width, width);
    this.v_proj = new Linear(width, width);
    this.q_proj = new Linear(width, width);
    this.out_proj = new Linear(width, width);
    this.#heads = heads;
  }
  forward(b: Binding, x: Value, mask?: Value): Value {
    const [q, k, v] = [this.q_proj.forward(b, x), this.k_proj.forward(b, x), this.v_proj.forward(b, x)];
    return this.out_proj.forward(
      b,
      scaledDotProductAttention(q, k, v, {
        heads: this.#heads,
        fused: b.fused,
        ...(mask && { mask }),
      }),
    );
  }
}

class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly #activation: ClipEncoderConfig['activation'];
  constructor({ width, mlpWidth, activation }: ClipEncoderConfig) {
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
  constructor(config: ClipEncoderConfig) {
    super();
    this.self_attn = new SelfAttention(config);
    this.layer_norm1 = new LayerNorm(config.width, config.normEpsilon);
    this.mlp = new Mlp(config);
    this.layer_norm2 = new LayerNorm(config.width, config.normEpsilon);
  }
  forward(b: Binding, x: Value, mask?: Value): Value {
    const y = op.Add([x, this.self_attn.forward(b, this.layer_norm1.forward(b, x), mask)]);
    return op.Add([y, this.mlp.forward(b, this.layer_norm2.forward(b, y))]);
  }
}

/** The layers of either half of CLIP. Without a mask every token sees all others, as in pictures. */
export class ClipEncoder extends Module {
  readonly layers: readonly Layer[];
  constructor(config: ClipEncoderConfig) {
    super();
    this.layers = Array.from({ length: config.layers }, () => new Layer(config));
  }
}
