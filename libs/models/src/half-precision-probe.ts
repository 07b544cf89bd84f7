// A small U-Net with its gradients, in float16 and in float32 at once: shows whether a provider computes float16 and computes it well.
import { grad, input, mseLoss, op, type Value } from '@facewright/onnx';
import { createRng, float32, sizeOf, type Shape, type Tensor, type Tensors } from '@facewright/tensor';
import { bind, type BindOptions, type Precision } from './nn/binding.ts';
import { castTo } from './nn/layers.ts';
import { inMemory, storedWeights } from './nn/weight-sources.ts';
import { parseUNetConfig } from './unet-2d-condition/config.ts';
import { UNet2DCondition } from './unet-2d-condition/unet-2d-condition.ts';

/** Every kind of layer of a U-Net; groups and widths so large that norms do not enlarge roundings much. */
const config = parseUNetConfig({
  block_out_channels: [32, 64],
  layers_per_block: 1,
  attention_head_dim: 2,
  cross_attention_dim: 32,
  norm_num_groups: 4,
  sample_size: 8,
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
});
const [batch, side, tokens] = [2, 8, 7];
/** Gradients of the loss alone would be near the least numbers of float16. */
const lossScale = 256;

/** Names of what is compared: output NAME of float16 with NAME.float32. */
const compared = ['prediction', 'gradients'] as const;

/** The largest of the relative errors of prediction and gradients, each ‖half − full‖ / ‖full‖; NaN where a number is not finite or nothing was computed. */
export function halfPrecisionError(outputs: Tensors): number {
  const errors = compared.map((name) => {
    const [half, full] = [outputs[name]!.data as Float32Array, outputs[`${name}.float32`]!.data as Float32Array];
    const norm = (of: (at: number) => number) => Math.sqrt(full.reduce((sum, _, at) => sum + of(at) ** 2, 0));
    return norm((at) => half[at]! - full[at]!) / norm((at) => full[at]!);
  });
  return Math.max(...errors);
}

/** Outputs for halfPrecisionError, all float32, and what to feed. `fused` as the provider's other graphs have it. */
export function halfPrecisionProbe({ fused = false }: Pick<BindOptions, 'fused'> = {}): {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly feeds: Tensors;
} {
  const unet = new UNet2DCondition(config);
  const rng = createRng(1);
  const normal = (dims: Shape): Tensor<'float32'> => float32(dims, rng.normal(sizeOf(dims)));
  /** Matrices keep the size of what passes; norms scale by about 1. */
  const weights = new Map(
    [...unet.parameters()].map(([name, { shape }]): [string, Tensor<'float32'>] => {
      const { data } = normal(shape);
      const [spread, centre] = shape.length > 1 ? [1 / Math.sqrt(sizeOf(shape.slice(1))), 0] : [0.1, name.endsWith('.weight') ? 1 : 0];
      return [
        name,
        float32(
          shape,
          data.map((value) => value * spread + centre),
        ),
      ];
    }),
  );
  const feeds = {
    sample: normal([batch, config.inChannels, side, side]),
    target: normal([batch, config.outChannels, side, side]),
    timestep: float32([batch], [10, 900]),
    encoder_hidden_states: normal([batch, tokens, config.crossAttentionDim]),
  };
  const [sample, target, timestep, text] = Object.entries(feeds).map(([name, { dims }]) => input(name, 'float32', dims)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  const stored = storedWeights(inMemory(weights));
  const values = new Map([...unet.parameters()].map(([name, parameter]) => [name, stored(name, parameter) as Value]));
  const inPrecision = (precision: Precision) => {
    const prediction = castTo(
      unet.forward(
        bind(unet, (name) => values.get(name)!, { fused, precision }),
        {
          sample: castTo(sample, precision),
          timestep,
          encoder_hidden_states: castTo(text, precision),
        },
      ),
      'float32',
    );
    const loss = op.Mul([mseLoss(prediction, target), lossScale]);
    const gradients = op.Concat(
      grad(loss, [...values.values()]).map((gradient) => op.Reshape([gradient], { shape: [-1] })),
      { axis: 0 },
    );
    return { prediction, gradients };
  };
  const [half, full] = [inPrecision('float16'), inPrecision('float32')];
  return {
    outputs: { ...half, ...Object.fromEntries(compared.map((name) => [`${name}.float32`, full[name]])) },
    feeds,
  };
}
