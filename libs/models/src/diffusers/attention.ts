// Attention and transformer blocks of diffusers.
import { geglu, op, scaledDotProductAttention, type Value } from '@facewright/onnx';
import type { Binding } from '../nn/binding.ts';
import { Conv2d, GroupNorm, LayerNorm, Linear } from '../nn/layers.ts';
import { Module } from '../nn/module.ts';
import { fromTokens, toTokens } from '../nn/tokens.ts';

export interface AttentionOptions {
  readonly heads: number;
  /** Width of the attended tokens; default: that of the queries. */
  readonly context?: number;
  readonly bias?: boolean;
}

/** Multi-head attention with an output projection: diffusers.models.attention_processor.Attention. */
export class Attention extends Module {
  readonly to_q: Linear;
  readonly to_k: Linear;
  readonly to_v: Linear;
  readonly to_out: readonly Linear[];
  readonly #heads: number;
  constructor(width: number, { heads, context = width, bias = false }: AttentionOptions) {
    super();
    this.to_q = new Linear(width, width, { bias });
    this.to_k = new Linear(context, width, { bias });
    this.to_v = new Linear(context, width, { bias });
    this.to_out = [new Linear(width, width)];
    this.#heads = heads;
  }
  /** [n, tokens, width] attends to `context` [n, any, context width], or to itself. */
  forward(b: Binding, x: Value, context: Value = x): Value {
    const [q, k, v] = [this.to_q.forward(b, x), this.to_k.forward(b, context), this.to_v.forward(b, context)];
    return this.to_out[0]!.forward(b, scaledDotProductAttention(q, k, v, { heads: this.#heads, fused: b.fused }));
  }
}

class GatedGelu extends Module {
  readonly proj: Linear;
  constructor(inputs: number, outputs: number) {
    super();
    this.proj = new Linear(inputs, 2 * outputs);
  }
  forward(b: Binding, x: Value): Value {
    return geglu(this.proj.forward(b, x));
  }
}

class FeedForward extends Module {
  readonly net: readonly [GatedGelu, null, Linear];
  constructor(width: number) {
    super();
    this.net = [new GatedGelu(width, 4 * width), null, new Linear(4 * width, width)];
  }
  forward(b: Binding, x: Value): Value {
    return this.net[2].forward(b, this.net[0].forward(b, x));
  }
}

/** Self-attention, cross-attention and a gated feed-forward net, each after its own norm and each added. */
class BasicTransformerBlock extends Module {
  readonly norm1: LayerNorm;
  readonly attn1: Attention;
  readonly norm2: LayerNorm;
  readonly attn2: Attention;
  readonly norm3: LayerNorm;
  readonly ff: FeedForward;
  readonly #onlyCross: boolean;
  constructor(
    width: number,
    { heads, context, onlyCross }: { readonly heads: number; readonly context: number; readonly onlyCross: boolean },
  ) {
    super();
    this.norm1 = new LayerNorm(width, 1e-5);
    this.attn1 = new Attention(width, onlyCross ? { heads, context } : { heads });
    this.norm2 = new LayerNorm(width, 1e-5);
    this.attn2 = new Attention(width, { heads, context });
    this.norm3 = new LayerNorm(width, 1e-5);
    this.ff = new FeedForward(width);
    this.#onlyCross = onlyCross;
  }
  forward(b: Binding, x: Value, context: Value): Value {
    const normed = this.norm1.forward(b, x);
    let y = op.Add([x, this.attn1.forward(b, normed, this.#onlyCross ? context : normed)]);
    y = op.Add([y, this.attn2.forward(b, this.norm2.forward(b, y), context)]);
    return op.Add([y, this.ff.forward(b, this.norm3.forward(b, y))]);
  }
}

export interface SpatialTransformerOptions {
  readonly heads: number;
  readonly context: number;
  readonly layers: number;
  readonly groups: number;
  /** Project with a linear layer on tokens instead of a 1x1 convolution. */
  readonly linear: boolean;
  readonly onlyCross: boolean;
}

/** Transformer over the pixels of a feature map, conditioned on text: Transformer2DModel. */
export class SpatialTransformer extends Module {
  readonly norm: GroupNorm;
  readonly proj_in: Linear | Conv2d;
  readonly transformer_blocks: readonly BasicTransformerBlock[];
  readonly proj_out: Linear | Conv2d;
  constructor(channels: number, options: SpatialTransformerOptions) {
    super();
    const project = () => (options.linear ? new Linear(channels, channels) : new Conv2d(channels, channels, { kernel: 1 }));
    this.norm = new GroupNorm(options.groups, channels, 1e-6);
    this.proj_in = project();
    this.transformer_blocks = Array.from({ length: options.layers }, () => new BasicTransformerBlock(channels, options));
    this.proj_out = project();
  }
  /** [n, c, h, w] and context [n, tokens, width]. */
  forward(b: Binding, x: Value, context: Value): Value {
    const [, , height = 0, width = 0] = x.shape;
    const linear = this.proj_in instanceof Linear;
    let y = this.norm.forward(b, x);
    y = linear ? this.proj_in.forward(b, toTokens(y)) : toTokens(this.proj_in.forward(b, y));
    for (const block of this.transformer_blocks) y = block.forward(b, y, context);
    y = linear ? fromTokens(this.proj_out.forward(b, y), height, width) : this.proj_out.forward(b, fromTokens(y, height, width));
    return op.Add([y, x]);
  }
}

/** Self-attention over the pixels of a feature map with its own norm and shortcut, as in the middle of the autoencoder. */
export class PixelAttention extends Attention {
  readonly group_norm: GroupNorm;
  constructor(channels: number, { heads, groups, epsilon }: { readonly heads: number; readonly groups: number; readonly epsilon: number }) {
    super(channels, { heads, bias: true });
    this.group_norm = new GroupNorm(groups, channels, epsilon);
  }
  override forward(b: Binding, x: Value): Value {
    const [, , height = 0, width = 0] = x.shape;
    return op.Add([x, fromTokens(super.forward(b, toTokens(this.group_norm.forward(b, x))), height, width)]);
  }
}
