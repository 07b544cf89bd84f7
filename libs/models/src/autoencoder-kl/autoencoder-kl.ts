// The variational autoencoder between pictures and latents: AutoencoderKL.
import { op, silu, type Value } from '@facewright/onnx';
import { PixelAttention } from '../diffusers/attention.ts';
import { Downsample, ResnetBlock, Upsample } from '../diffusers/resnet.ts';
import { err } from '../errors.ts';
import type { Binding } from '../nn/binding.ts';
import { Conv2d, GroupNorm } from '../nn/layers.ts';
import { Module } from '../nn/module.ts';
import { latentStride, type AutoencoderConfig } from './config.ts';

const epsilon = 1e-6;

class EncoderStage extends Module {
  readonly resnets: readonly ResnetBlock[];
  readonly downsamplers: readonly Downsample[] | null;
  constructor(inputs: number, outputs: number, last: boolean, config: AutoencoderConfig) {
    super();
    this.resnets = Array.from(
      { length: config.layersPerBlock },
      (_, j) => new ResnetBlock(j === 0 ? inputs : outputs, outputs, { groups: config.normGroups, epsilon }),
    );
    this.downsamplers = last ? null : [new Downsample(outputs, { asymmetric: true })];
  }
  forward(b: Binding, x: Value): Value {
    const y = this.resnets.reduce((z, resnet) => resnet.forward(b, z), x);
    return this.downsamplers ? this.downsamplers[0]!.forward(b, y) : y;
  }
}

class DecoderStage extends Module {
  readonly resnets: readonly ResnetBlock[];
  readonly upsamplers: readonly Upsample[] | null;
  constructor(inputs: number, outputs: number, last: boolean, config: AutoencoderConfig) {
    super();
    this.resnets = Array.from(
      { length: config.layersPerBlock + 1 },
      (_, j) => new ResnetBlock(j === 0 ? inputs : outputs, outputs, { groups: config.normGroups, epsilon }),
    );
    this.upsamplers = last ? null : [new Upsample(outputs)];
  }
  forward(b: Binding, x: Value): Value {
    const y = this.resnets.reduce((z, resnet) => resnet.forward(b, z), x);
    return this.upsamplers ? this.upsamplers[0]!.forward(b, y) : y;
  }
}

class MidBlock extends Module {
  readonly attentions: readonly PixelAttention[] | null;
  readonly resnets: readonly [ResnetBlock, ResnetBlock];
  constructor(channels: number, config: AutoencoderConfig) {
    super();
    const groups = config.normGroups;
    this.attentions = config.midBlockAttention ? [new PixelAttention(channels, { heads: 1, groups, epsilon })] : null;
    this.resnets = [new ResnetBlock(channels, channels, { groups, epsilon }), new ResnetBlock(channels, channels, { groups, epsilon })];
  }
  forward(b: Binding, x: Value): Value {
    const y = this.resnets[0].forward(b, x);
    return this.resnets[1].forward(b, this.attentions ? this.attentions[0]!.forward(b, y) : y);
  }
}

class Encoder extends Module {
  readonly conv_in: Conv2d;
  readonly down_blocks: readonly EncoderStage[];
  readonly mid_block: MidBlock;
  readonly conv_norm_out: GroupNorm;
  readonly conv_out: Conv2d;
  constructor(config: AutoencoderConfig) {
    super();
    const channels = config.blockOutChannels;
    const last = channels.at(-1)!;
    this.conv_in = new Conv2d(config.inChannels, channels[0]!, { kernel: 3, padding: 1 });
    this.down_blocks = channels.map(
      (width, i) => new EncoderStage(channels[i - 1] ?? channels[0]!, width, i === channels.length - 1, config),
    );
    this.mid_block = new MidBlock(last, config);
    this.conv_norm_out = new GroupNorm(config.normGroups, last, epsilon);
    this.conv_out = new Conv2d(last, 2 * config.latentChannels, { kernel: 3, padding: 1 });
  }
  forward(b: Binding, x: Value): Value {
    const y = this.down_blocks.reduce((z, block) => block.forward(b, z), this.conv_in.forward(b, x));
    return this.conv_out.forward(b, silu(this.conv_norm_out.forward(b, this.mid_block.forward(b, y))));
  }
}

class Decoder extends Module {
  readonly conv_in: Conv2d;
  readonly mid_block: MidBlock;
  readonly up_blocks: readonly DecoderStage[];
  readonly conv_norm_out: GroupNorm;
  readonly conv_out: Conv2d;
  constructor(config: AutoencoderConfig) {
    super();
    const channels = [...config.blockOutChannels].reverse();
    const [first, last] = [channels[0]!, channels.at(-1)!];
    this.conv_in = new Conv2d(config.latentChannels, first, { kernel: 3, padding: 1 });
    this.mid_block = new MidBlock(first, config);
    this.up_blocks = channels.map((width, i) => new DecoderStage(channels[i - 1] ?? first, width, i === channels.length - 1, config));
    this.conv_norm_out = new GroupNorm(config.normGroups, last, epsilon);
    this.conv_out = new Conv2d(last, config.outChannels, { kernel: 3, padding: 1 });
  }
  forward(b: Binding, z: Value): Value {
    const y = this.up_blocks.reduce((x, block) => block.forward(b, x), this.mid_block.forward(b, this.conv_in.forward(b, z)));
    return this.conv_out.forward(b, silu(this.conv_norm_out.forward(b, y)));
  }
}

/** A diagonal Gaussian over latents: both [n, latent channels, h, w]. */
export interface LatentMoments {
  readonly mean: Value;
  /** Natural logarithm of the variance, clamped to [-30, 20]. */
  readonly logvar: Value;
}

/** Latents here are unscaled: multiply by the config's scaling factor for the U-Net, divide before `decode`. */
export class AutoencoderKL extends Module {
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly quant_conv: Conv2d | null;
  readonly post_quant_conv: Conv2d | null;
  readonly #config: AutoencoderConfig;
  constructor(config: AutoencoderConfig) {
    super();
    this.encoder = new Encoder(config);
    this.decoder = new Decoder(config);
    const z = config.latentChannels;
    this.quant_conv = config.useQuantConv ? new Conv2d(2 * z, 2 * z, { kernel: 1 }) : null;
    this.post_quant_conv = config.usePostQuantConv ? new Conv2d(z, z, { kernel: 1 }) : null;
    this.#config = config;
  }
  /** Pictures [n, 3, h, w] in [-1, 1], sides divisible by the latent stride. Throws MODELS_INPUT otherwise. */
  encode(b: Binding, sample: Value): LatentMoments {
    const { inChannels, latentChannels: z } = this.#config;
    const stride = latentStride(this.#config);
    const [, channels, height = 0, width = 0] = sample.shape;
    if (sample.shape.length !== 4 || channels !== inChannels || height % stride !== 0 || width % stride !== 0) {
      throw err.INPUT('sample', `[n, ${inChannels}, h, w] with sides divisible by ${stride}`, `[${sample.shape.join(', ')}]`);
    }
    const features = this.encoder.forward(b, sample);
    const moments = this.quant_conv ? this.quant_conv.forward(b, features) : features;
    const [mean, logvar] = op.Split([moments], { axis: 1, split: [z, z] }) as [Value, Value];
    return { mean, logvar: op.Clip([logvar], { min: -30, max: 20 }) };
  }
  /** Latents [n, latent channels, h, w] to pictures in about [-1, 1], not clamped. */
  decode(b: Binding, latents: Value): Value {
    const { latentChannels } = this.#config;
    if (latents.shape.length !== 4 || latents.shape[1] !== latentChannels)
      throw err.INPUT('latent_sample', `[n, ${latentChannels}, h, w]`, `[${latents.shape.join(', ')}]`);
    return this.decoder.forward(b, this.post_quant_conv ? this.post_quant_conv.forward(b, latents) : latents);
  }
}
