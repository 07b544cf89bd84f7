// The denoising U-Net of Stable Diffusion: UNet2DConditionModel.
import { constant, op, silu, type Value } from '@facewright/onnx';
import { float32 } from '@facewright/tensor';
import { SpatialTransformer } from '../diffusers/attention.ts';
import { Downsample, ResnetBlock, Upsample } from '../diffusers/resnet.ts';
import { err } from '../errors.ts';
import type { Binding } from '../nn/binding.ts';
import { castTo, Conv2d, GroupNorm, Linear, reshape } from '../nn/layers.ts';
import { Module } from '../nn/module.ts';
import { timeIds, type UNetConfig } from './config.ts';

/** Sines and cosines of float32 timesteps [n] at `width / 2` geometric frequencies from 1 to about 1/10000: [n, width]. */
export function sinusoidalEmbedding(
  timestep: Value,
  { width, flipSinToCos, freqShift }: { readonly width: number; readonly flipSinToCos: boolean; readonly freqShift: number },
): Value {
  const half = width / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => Math.exp((-Math.log(10000) * i) / (half - freqShift)));
  const angles = op.Mul([reshape(timestep, [timestep.shape[0] ?? 1, 1]), constant(float32([1, half], frequencies))]);
  const [sin, cos] = [op.Sin([angles]), op.Cos([angles])];
  return op.Concat(flipSinToCos ? [cos, sin] : [sin, cos], { axis: 1 });
}

class TimestepEmbedding extends Module {
  readonly linear_1: Linear;
  readonly linear_2: Linear;
  constructor(inputs: number, width: number) {
    super();
    this.linear_1 = new Linear(inputs, width);
    this.linear_2 = new Linear(width, width);
  }
  forward(b: Binding, x: Value): Value {
    return this.linear_2.forward(b, silu(this.linear_1.forward(b, x)));
  }
}

/** What the blocks of one resolution share. */
class Stage extends Module {
  readonly resnets: readonly ResnetBlock[];
  readonly attentions: readonly SpatialTransformer[] | null;
  constructor(resnets: readonly ResnetBlock[], attentions: readonly SpatialTransformer[] | null) {
    super();
    this.resnets = resnets;
    this.attentions = attentions;
  }
  protected layer(b: Binding, i: number, x: Value, time: Value, context: Value): Value {
    const y = this.resnets[i]!.forward(b, x, time);
    return this.attentions ? this.attentions[i]!.forward(b, y, context) : y;
  }
}

class DownStage extends Stage {
  readonly downsamplers: readonly Downsample[] | null;
  constructor(resnets: readonly ResnetBlock[], attentions: readonly SpatialTransformer[] | null, downsample: Downsample | null) {
    super(resnets, attentions);
    this.downsamplers = downsample && [downsample];
  }
  /** Returns every intermediate map, for the way up; the last one goes on. */
  forward(b: Binding, x: Value, time: Value, context: Value): readonly Value[] {
    const maps: Value[] = [];
    let y = x;
    for (let i = 0; i < this.resnets.length; i++) maps.push((y = this.layer(b, i, y, time, context)));
    if (this.downsamplers) maps.push(this.downsamplers[0]!.forward(b, y));
    return maps;
  }
}

class UpStage extends Stage {
  readonly upsamplers: readonly Upsample[] | null;
  constructor(resnets: readonly ResnetBlock[], attentions: readonly SpatialTransformer[] | null, upsample: Upsample | null) {
    super(resnets, attentions);
    this.upsamplers = upsample && [upsample];
  }
  /** Takes its maps from the end of `maps`; the next one that remains gives the size to grow to, so odd sizes work. */
  forward(b: Binding, x: Value, maps: Value[], time: Value, context: Value): Value {
    let y = x;
    for (let i = 0; i < this.resnets.length; i++) y = this.layer(b, i, op.Concat([y, maps.pop()!], { axis: 1 }), time, context);
    const [, , height = 0, width = 0] = maps.at(-1)?.shape ?? [];
    return this.upsamplers ? this.upsamplers[0]!.forward(b, y, [height, width]) : y;
  }
}

class MidStage extends Stage {
  forward(b: Binding, x: Value, time: Value, context: Value): Value {
    let y = this.resnets[0]!.forward(b, x, time);
    this.attentions?.forEach((attention, i) => (y = this.resnets[i + 1]!.forward(b, attention.forward(b, y, context), time)));
    return y;
  }
}

export interface UNetInputs {
  /** Noisy latents [n, in channels, h, w]. */
  readonly sample: Value;
  /** float32 [n]: 0 is clean, 999 is noise. */
  readonly timestep: Value;
  /** Text features [n, tokens, cross attention width]. */
  readonly encoder_hidden_states: Value;
  /** Pooled text [n, text width], for a U-Net with an addition. */
  readonly text_embeds?: Value;
  /** float32 [n, 6]: original height and width, top and left of the cut, target height and width, in pixels; for a U-Net with an addition. */
  readonly time_ids?: Value;
}

/** Predicts the noise (or the velocity, as its scheduler says) in a noisy latent, given time and text. */
export class UNet2DCondition extends Module {
  readonly conv_in: Conv2d;
  readonly time_embedding: TimestepEmbedding;
  readonly add_embedding: TimestepEmbedding | null;
  readonly down_blocks: readonly DownStage[];
  readonly up_blocks: readonly UpStage[];
  readonly mid_block: MidStage;
  readonly conv_norm_out: GroupNorm;
  readonly conv_out: Conv2d;
  readonly #config: UNetConfig;

  constructor(config: UNetConfig) {
    super();
    this.#config = config;
    const channels = config.blockOutChannels;
    const [first = 0, last = 0] = [channels[0], channels.at(-1)];
    const time = 4 * first;
    const resnet = { groups: config.normGroups, epsilon: config.normEpsilon, time };
    const transformer = (width: number, block: number) =>
      new SpatialTransformer(width, {
        heads: config.heads[block]!,
        context: config.crossAttentionDim,
        layers: config.transformerLayers[block]!,
        groups: config.normGroups,
        linear: config.useLinearProjection,
        onlyCross: config.onlyCrossAttention[block]!,
      });

    this.conv_in = new Conv2d(config.inChannels, first, { kernel: 3, padding: 1 });
    this.time_embedding = new TimestepEmbedding(first, time);
    const { addition } = config;
    this.add_embedding = addition && new TimestepEmbedding(addition.textWidth + timeIds * addition.timeWidth, time);
    this.down_blocks = channels.map((width, i) => {
      const before = channels[i - 1] ?? first;
      const layers = Array.from({ length: config.layersPerBlock[i]! }, (_, j) => j);
      return new DownStage(
        layers.map((j) => new ResnetBlock(j === 0 ? before : width, width, resnet)),
        config.downBlockTypes[i] === 'CrossAttnDownBlock2D' ? layers.map(() => transformer(width, i)) : null,
        i < channels.length - 1 ? new Downsample(width) : null,
      );
    });
    this.up_blocks = channels.map((_, i) => {
      const block = channels.length - 1 - i; // the block on the way down at this resolution
      const [width = 0, before = 0, skip = 0] = [channels[block], channels[block + 1] ?? last, channels[block - 1] ?? first];
      const layers = Array.from({ length: config.layersPerBlock[block]! + 1 }, (__, j) => j);
      return new UpStage(
        layers.map((j) => new ResnetBlock((j === 0 ? before : width) + (j === layers.length - 1 ? skip : width), width, resnet)),
        config.upBlockTypes[i] === 'CrossAttnUpBlock2D' ? layers.map(() => transformer(width, block)) : null,
        block > 0 ? new Upsample(width) : null,
      );
    });
    const mid = channels.length - 1;
    const middle = () => new ResnetBlock(last, last, { ...resnet, outputScale: config.midBlockScale });
    this.mid_block = new MidStage(
      [middle(), middle()],
      [
        new SpatialTransformer(last, {
          heads: config.heads[mid]!,
          context: config.crossAttentionDim,
          layers: config.transformerLayers[mid]!,
          groups: config.normGroups,
          linear: config.useLinearProjection,
          onlyCross: false,
        }),
      ],
    );
    this.conv_norm_out = new GroupNorm(config.normGroups, first, config.normEpsilon);
    this.conv_out = new Conv2d(first, config.outChannels, { kernel: 3, padding: 1 });
  }

  /** Returns [n, out channels, h, w]. Throws MODELS_INPUT for inputs of the wrong shape. */
  forward(b: Binding, inputs: UNetInputs): Value {
    const { sample, encoder_hidden_states: context } = inputs;
    const { inChannels, crossAttentionDim } = this.#config;
    const batch = sample.shape[0];
    if (sample.shape.length !== 4 || sample.shape[1] !== inChannels)
      throw err.INPUT('sample', `[n, ${inChannels}, h, w]`, `[${sample.shape.join(', ')}]`);
    if (context.shape.length !== 3 || context.shape[0] !== batch || context.shape[2] !== crossAttentionDim) {
      throw err.INPUT('encoder_hidden_states', `[${batch}, tokens, ${crossAttentionDim}]`, `[${context.shape.join(', ')}]`);
    }
    const time = silu(this.#embedding(b, inputs));
    let x = this.conv_in.forward(b, sample);
    const maps = [x];
    for (const block of this.down_blocks) {
      maps.push(...block.forward(b, x, time, context));
      x = maps.at(-1)!;
    }
    x = this.mid_block.forward(b, x, time, context);
    for (const block of this.up_blocks) x = block.forward(b, x, maps, time, context);
    return this.conv_out.forward(b, silu(this.conv_norm_out.forward(b, x)));
  }

  /** What every block is told: the time, and with an addition the pooled text and the sizes. [n, width]. */
  #embedding(b: Binding, { sample, timestep, text_embeds: text, time_ids: ids }: UNetInputs): Value {
    const { blockOutChannels, flipSinToCos, freqShift, addition } = this.#config;
    const batch = sample.shape[0] ?? 0;
    const check = (name: string, value: Value | undefined, want: readonly number[]): Value => {
      if (!value || String(value.shape) !== String(want))
        throw err.INPUT(name, `[${want.join(', ')}]`, value ? `[${value.shape.join(', ')}]` : 'nothing');
      return value;
    };
    // Angles up to 999 radians: float16 would be off by a quarter of one.
    const sinusoids = (value: Value, width: number) => castTo(sinusoidalEmbedding(value, { width, flipSinToCos, freqShift }), sample.dtype);
    const time = this.time_embedding.forward(b, sinusoids(check('timestep', timestep, [batch]), blockOutChannels[0]!));
    if (!addition || !this.add_embedding) return time;
    const { textWidth, timeWidth } = addition;
    const sizes = sinusoids(reshape(check('time_ids', ids, [batch, timeIds]), [batch * timeIds]), timeWidth);
    const added = op.Concat([check('text_embeds', text, [batch, textWidth]), reshape(sizes, [batch, timeIds * timeWidth])], { axis: 1 });
    return op.Add([time, this.add_embedding.forward(b, added)]);
  }
}
