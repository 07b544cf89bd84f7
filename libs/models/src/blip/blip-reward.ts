// The reward model of ImageReward and FaceScore: BLIP reads a picture and a text, a linear head gives one number.
import { op, type Value } from '@facewright/onnx';
import type { Binding } from '../nn/binding.ts';
import { Linear, reshape } from '../nn/layers.ts';
import { Module } from '../nn/module.ts';
import { VisionTransformer } from '../vit/vision-transformer.ts';
import type { BlipRewardConfig } from './config.ts';
import { TextEncoder } from './text-encoder.ts';

class Blip extends Module {
  readonly visual_encoder: VisionTransformer;
  readonly text_encoder: TextEncoder;
  readonly vision_proj: Linear | null;
  readonly text_proj: Linear | null;
  constructor({ vision, text, projection }: BlipRewardConfig) {
    super();
    this.visual_encoder = new VisionTransformer(vision);
    this.text_encoder = new TextEncoder(text, vision.width);
    this.vision_proj = projection === null ? null : new Linear(vision.width, projection);
    this.text_proj = projection === null ? null : new Linear(text.width, projection);
  }
}

/** Linear layers without activations between them; dropout stood after all but the last two. */
class Head extends Module {
  readonly layers: readonly (Linear | null)[];
  constructor(inputs: number, hidden: readonly number[]) {
    super();
    const sizes = [inputs, ...hidden, 1];
    const linear = sizes.slice(1).map((size, i) => new Linear(sizes[i]!, size));
    this.layers = linear.flatMap((layer, i) => (i < linear.length - 2 ? [layer, null] : [layer]));
  }
  forward(b: Binding, x: Value): Value {
    return this.layers.reduce((y, layer) => (layer ? layer.forward(b, y) : y), x);
  }
}

export interface BlipRewardInputs {
  /** [n, 3, size, size], normalised as `blipPixels` says. */
  readonly pixel_values: Value;
  /** int64 [n, tokens]. */
  readonly input_ids: Value;
  /** float32 [n, tokens]: 1 for text, 0 for padding. */
  readonly attention_mask: Value;
}

/** How well a picture shows what a text says, as people judged. */
export class BlipReward extends Module {
  readonly blip: Blip;
  readonly mlp: Head;
  readonly #width: number;
  constructor(config: BlipRewardConfig) {
    super();
    this.blip = new Blip(config);
    this.mlp = new Head(config.text.width, config.head);
    this.#width = config.text.width;
  }
  /** Rewards [n], higher is better, not rescaled. */
  forward(b: Binding, { pixel_values, input_ids: ids, attention_mask: mask }: BlipRewardInputs): Value {
    const picture = this.blip.visual_encoder.forward(b, pixel_values);
    const features = this.blip.text_encoder.forward(b, { ids, mask, picture });
    const n = features.shape[0] ?? 0;
    const first = reshape(op.Slice([features], { starts: [0], ends: [1], axes: [1] }), [n, this.#width]);
    return reshape(this.mlp.forward(b, first), [n]);
  }
}
