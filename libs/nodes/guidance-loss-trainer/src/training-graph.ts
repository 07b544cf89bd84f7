// One training step of the guidance loss as a graph: a frozen U-Net on the good latents, the trained one on the bad.
import { bind } from '@facewright/models';
import type { UNet2DCondition, UNetConfig } from '@facewright/models';
import { input, op, stopGradient, trainStep } from '@facewright/onnx';
import type { TrainStep, Value } from '@facewright/onnx';
import { faceLosses } from '@facewright/train';
import type { FaceLossWeights, NoiseDraw } from '@facewright/train';
import type { TrainedWeights } from './trained-weights.ts';

export interface BatchSize {
  readonly batch: number;
  /** Latent rows and columns, and tokens of the conditioning. */
  readonly height: number;
  readonly width: number;
  readonly tokens: number;
}

/** Norm that gradients are clipped to, as diffusers' training scripts do. */
const maxGradientNorm = 1;

/** Inputs `good`, `bad`, `encoder_hidden_states`, and for each of `guidance` and `diffusion`: `<name>_noise`, `<name>_timestep`, `<name>_alpha_bar`; those that a weight of 0 leaves out are not fed. Extra output `clean`, the first picture as the trained model sees it. */
export function trainingGraph(
  unet: UNet2DCondition,
  config: UNetConfig,
  { batch, height, width, tokens }: BatchSize,
  weights: TrainedWeights,
  losses: FaceLossWeights,
): TrainStep {
  const latents = [batch, config.inChannels, height, width] as const;
  const text = input('encoder_hidden_states', 'float32', [batch, tokens, config.crossAttentionDim]);
  const draw = (name: string): NoiseDraw => ({
    noise: input(`${name}_noise`, 'float32', latents),
    timestep: input(`${name}_timestep`, 'float32', [batch]),
    alphaBar: input(`${name}_alpha_bar`, 'float32', [batch]),
  });
  const predictor = (source: TrainedWeights['frozen']) => {
    const binding = bind(unet, source);
    return (sample: Value, timestep: Value) => unet.forward(binding, { sample, timestep, encoder_hidden_states: text });
  };
  const frozen = predictor(weights.frozen);
  const { loss, guidance, diffusion, clean } = faceLosses(
    {
      good: input('good', 'float32', latents),
      bad: input('bad', 'float32', latents),
      draw: draw('guidance'),
      diffusionDraw: draw('diffusion'),
      frozen: (sample, timestep) => stopGradient(frozen(sample, timestep)),
      trained: predictor(weights.trained),
    },
    losses,
  );
  return trainStep({
    loss,
    maxGradientNorm,
    parameters: [...weights.inputs].map(([name, value]) => ({ name, value, initial: weights.initial.get(name)! })),
    metrics: {
      ...(guidance && { guidance_loss: guidance }),
      ...(diffusion && { diffusion_loss: diffusion }),
      clean: op.Slice([clean], { starts: [0], ends: [1], axes: [0] }),
    },
  });
}
