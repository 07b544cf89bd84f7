// The vision transformer of BLIP and DINO, with the names of timm.
import { op, scaledDotProductAttention, type Value } from '@facewright/onnx';
import { err } from '../errors.ts';
import type { Binding } from '../nn/binding.ts';
import { Conv2d, LayerNorm, Linear } from '../nn/layers.ts';
import { Module, Parameter } from '../nn/module.ts';
import { toTokens } from '../nn/tokens.ts';
import type { VisionTransformerConfig } from './config.ts';

class PatchEmbedding extends Module {
  readonly proj: Conv2d;
  constructor({ patchSize, width }: VisionTransformerConfig) {
    super();
    this.proj = new Conv2d(3, width, { kernel: patchSize, stride: patchSize });
  }
}

class Attention extends Module {
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly #config: VisionTransformerConfig;
  constructor(config: VisionTransformerConfig) {
    super();
    this.qkv = new Linear(config.width, 3 * config.width);
    this.proj = new Linear(config.width, config.width);
    this.#config = config;
  }
  forward(b: Binding, x: Value): Value {
    const { width, heads } = this.#config;
    const [q, k, v] = op.Split([this.qkv.forward(b, x)], { axis: 2, split: [width, width, width] }) as [Value, Value, Value];
    return this.proj.forward(b, scaledDotProductAttention(q, k, v, { heads, fused: b.fused }));
  }
}

class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;
  constructor({ width, mlpWidth }: VisionTransformerConfig) {
    super();
    this.fc1 = new Linear(width, mlpWidth);
    this.fc2 = new Linear(mlpWidth, width);
  }
  forward(b: Binding, x: Value): Value {
    return this.fc2.forward(b, op.Gelu([this.fc1.forward(b, x)]));
  }
}

class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  constructor(config: VisionTransformerConfig) {
    super();
    this.norm1 = new LayerNorm(config.width, config.normEpsilon);
    this.attn = new Attention(config);
    this.norm2 = new LayerNorm(config.width, config.normEpsilon);
    this.mlp = new Mlp(config);
  }
  forward(b: Binding, x: Value): Value {
    const y = op.Add([x, this.attn.forward(b, this.norm1.forward(b, x))]);
    return op.Add([y, this.mlp.forward(b, this.norm2.forward(b, y))]);
  }
}

export class VisionTransformer extends Module {
  readonly cls_token: Parameter;
  readonly pos_embed: Parameter;
  readonly patch_embed: PatchEmbedding;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;
  readonly #config: VisionTransformerConfig;
  constructor(config: VisionTransformerConfig) {
    super();
    const patches = (config.imageSize / config.patchSize) ** 2;
    this.cls_token = new Parameter([1, 1, config.width], { kind: 'normal', deviation: 0.02 });
    this.pos_embed = new Parameter([1, patches + 1, config.width], { kind: 'normal', deviation: 0.02 });
    this.patch_embed = new PatchEmbedding(config);
    this.blocks = Array.from({ length: config.layers }, () => new Block(config));
    this.norm = new LayerNorm(config.width, config.normEpsilon);
    this.#config = config;
  }
  /** Pictures [n, 3, size, size] to features [n, 1 + patches, width]; the first is of the whole picture. Throws MODELS_INPUT for another size. */
  forward(b: Binding, pixels: Value): Value {
    const { imageSize, width } = this.#config;
    const [n = 0, ...rest] = pixels.shape;
    if (String(rest) !== String([3, imageSize, imageSize]))
      throw err.INPUT('pixel_values', `[n, 3, ${imageSize}, ${imageSize}]`, `[${pixels.shape.join(', ')}]`);
    const whole = op.Expand([b.value(this.cls_token)], { shape: [n, 1, width] });
    const tokens = op.Concat([whole, toTokens(this.patch_embed.proj.forward(b, pixels))], { axis: 1 });
    const x = this.blocks.reduce((y, block) => block.forward(b, y), op.Add([tokens, b.value(this.pos_embed)]));
    return this.norm.forward(b, x);
  }
  /** The features of the whole picture alone, [n, width]. */
  whole(b: Binding, pixels: Value): Value {
    const features = this.forward(b, pixels);
    const { width } = this.#config;
    return op.Reshape([op.Slice([features], { starts: [0], ends: [1], axes: [1] })], { shape: [features.shape[0] ?? 0, width] });
  }
}
