// One training step as a graph: what every method has in common around its loss.
import type { NodeContext } from '@facewright/core';
import { bind, castTo, type Precision, type Prediction, type UNet2DCondition, type WeightSource } from '@facewright/models';
import { constant, input, op, stopGradient, storedNumbers, trainStep, type TrainStep, type Value } from '@facewright/onnx';
import { fusedWhere } from '@facewright/pipelines';
import { float32, sizeOf, type Rng, type Tensors } from '@facewright/tensor';
import { bytesToKeep, type NoiseDraw, type NoisePredictor } from '@facewright/train';
import type { TrainingSettings } from '../ports.ts';
import type { CurrentModel } from './current-model.ts';
import type { DataSet } from './data-set.ts';
import type { DrawSpec } from './draws.ts';
import type { TrainedWeights } from './trained-weights.ts';
import type { Trainee } from './trainee.ts';

/** What a method writes its loss from. */
export interface LossParts {
  /** The model predicts noise, velocity or the clean latents. */
  readonly predicts: Prediction;
  /** A column of a data set, [batch, …]. */
  column(name: string): Value;
  draw(name: string): NoiseDraw;
  /** What `Method.made` gives under a name, [batch, …]. */
  made(name: string): Value;
  /** The model in training, and as it was before, told of the texts of a data set. No gradient passes the latter. */
  trained(set: string): NoisePredictor;
  frozen(set: string): NoisePredictor;
}

export interface MethodLosses {
  /** Scalar. */
  readonly loss: Value;
  /** Clean latents [batch, c, h, w] as the trained model sees them by one step; the first is shown. */
  readonly clean: Value;
  /** Scalars for the curve, by name. */
  readonly metrics: Readonly<Record<string, Value>>;
}

/** A way of training a diffusion model. */
export interface Method {
  /** What the training says it was. */
  readonly title: string;
  /** What the low-rank additions are called in the model handle. */
  readonly lora: string;
  readonly data: readonly DataSet[];
  /** In the order in which they are drawn; a draw that the loss does not use is drawn all the same, so that the others keep their numbers. */
  readonly draws: readonly (DrawSpec & { /** A column whose shape the noise has. */ readonly like: string })[];
  /** What the loss reads besides, made for every batch with the weights as they are. */
  readonly made?: MadeInputs;
  losses(parts: LossParts): MethodLosses;
}

export interface MadeInputs {
  /** Their shapes in one row of the batch. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** All of them, [batch, …], given the rows of the data sets. */
  make(rows: Tensors, predict: (request: Parameters<CurrentModel>[1]) => ReturnType<CurrentModel>, rng: Rng): Promise<Tensors>;
}

/**
 * In float16 the U-Net computes, in training and as it was; weights, loss and optimiser are float32. Inputs are the columns of the data sets, their conditioning, the draws and what the method makes; those that the loss leaves out are not fed. Extra
 * output `clean`, the first picture.
 */
export function stepGraph(
  { diffusion }: Trainee,
  unet: UNet2DCondition,
  weights: TrainedWeights,
  method: Method,
  { batch, weightDecay, maxGradientNorm, accumulate, emaDecay, recompute }: TrainingSettings,
  precision: Precision,
  ctx: Pick<NodeContext, 'provider' | 'memory'>,
): TrainStep {
  const shapes = new Map(
    method.data.flatMap(({ columns }) => Object.entries(columns).map(([name, { dims }]) => [name, dims.slice(1)] as const)),
  );
  const made = new Map<string, Value>();
  /** One input for a name, however often it is asked for. */
  const fed = (name: string, tail: readonly number[]): Value => {
    const value = made.get(name) ?? input(name, 'float32', [batch, ...tail]);
    made.set(name, value);
    return value;
  };
  const times = (name: string): { readonly timestep: Value; readonly alphaBar: Value } => {
    const spec = method.draws.find((draw) => draw.name === name);
    if (spec && 'timesOf' in spec) return times(spec.timesOf);
    return { timestep: fed(`${name}_timestep`, []), alphaBar: fed(`${name}_alpha_bar`, []) };
  };
  const predictor = (source: WeightSource) => {
    const binding = bind(unet, source, { ...fusedWhere(ctx), precision });
    return (set: string): NoisePredictor => {
      const { name, conditioning, latents } = method.data.find((data) => data.name === set)!;
      const told = {
        encoder_hidden_states: castTo(fed(`${name}_text`, conditioning.text.dims.slice(1)), precision),
        ...sizesOf(name, conditioning.pooled, latents),
      };
      return (sample, timestep) => castTo(unet.forward(binding, { sample: castTo(sample, precision), timestep, ...told }), 'float32');
    };
  };
  /** What Stable Diffusion XL is told besides: the pooled text, and that the picture is whole and of this size. */
  const sizesOf = (name: string, pooled: DataSet['conditioning']['pooled'], latents: DataSet['latents']) => {
    if (!pooled || diffusion.unet.addition === null) return {};
    const [height, width] = latents.slice(1).map((side) => side * diffusion.stride) as [number, number];
    const row = [height, width, 0, 0, height, width];
    return {
      text_embeds: castTo(fed(`${name}_pooled`, pooled.dims.slice(1)), precision),
      time_ids: constant(
        float32(
          [batch, 6],
          Float32Array.from({ length: 6 * batch }, (_, i) => row[i % 6]!),
        ),
      ),
    };
  };
  const [frozen, trained] = [predictor(weights.frozen), predictor(weights.trained)];
  const { loss, clean, metrics } = method.losses({
    predicts: diffusion.schedule.prediction,
    column: (name) => fed(name, shapes.get(name)!),
    made: (name) => fed(name, method.made!.shapes[name]!),
    draw: (name) => ({ noise: fed(`${name}_noise`, shapes.get(method.draws.find((draw) => draw.name === name)!.like)!), ...times(name) }),
    trained,
    frozen: (set) => (sample, timestep) => stopGradient(frozen(set)(sample, timestep)),
  });
  const trainedCount = [...weights.inputs.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return trainStep({
    loss,
    keep: bytesToKeep(recompute, {
      memory: ctx.memory,
      // the U-Net as it was, where the loss asks it, and networks that the loss looks through
      parameters: storedNumbers([loss, clean]) + trainedCount,
      trained: trainedCount,
      copies: (emaDecay > 0 ? 1 : 0) + (accumulate > 1 ? 1 : 0),
    }),
    ...(maxGradientNorm > 0 && { maxGradientNorm }),
    optimiser: { weightDecay },
    ema: emaDecay > 0,
    accumulate,
    scaled: precision === 'float16',
    parameters: [...weights.inputs].map(([name, value]) => ({ name, value, initial: weights.initial.get(name)! })),
    metrics: { ...metrics, clean: op.Slice([clean], { starts: [0], ends: [1], axes: [0] }) },
  });
}
