// One training step as a model: loss, gradients, clipping, AdamW and averaged weights in a single graph.
import { sizeOf, type RunnableModel, type SessionState, type Tensor } from '@facewright/tensor';
import { after } from './after.ts';
import { op } from './builder.ts';
import { buildModel } from './build-model.ts';
import { gradientsOrNull } from './grad.ts';
import { err } from './op.ts';
import { adamW, globalNorm, type AdamWOptions } from './optimiser.ts';
import { describe, sameShape } from './shapes.ts';
import { input } from './source.ts';
import type { Shape, Value } from './value.ts';

export interface TrainedParameter {
  /** Under which its moments and results are kept, usually the checkpoint's name. */
  readonly name: string;
  /** A float32 value of kind input, which the loss was built from. */
  readonly value: Value;
  readonly initial: Tensor;
}

export interface TrainStepOptions {
  /** Scalar. */
  readonly loss: Value;
  readonly parameters: readonly TrainedParameter[];
  /** Defaults are those of torch.optim.AdamW: 0.9, 0.999, 1e-8, 0.01. */
  readonly optimiser?: Partial<AdamWOptions>;
  /** Clips the common norm of all gradients, as clip_grad_norm_. Absent: no clipping. */
  readonly maxGradientNorm?: number;
  /** Keeps an exponential moving average of the parameters, with decay fed as `ema_decay`. */
  readonly ema?: boolean;
  /** Runs whose gradients are averaged before parameters move, so that a large batch goes through in parts; default 1. */
  readonly accumulate?: number;
  /**
   * For losses whose graph has float16 in it: the pass back starts from the loss times `loss_scale`, so that small gradients do not vanish, and gradients are
   * divided by it before anything else sees them. A step whose gradient norm is not finite changes nothing (Micikevicius et al., arXiv 1710.03740, section 3.2). Default false.
   */
  readonly scaled?: boolean;
  /** Bytes of activations that may stay until the pass back, as in GradientOptions: beyond, the forward pass is run again in parts. Default Infinity. */
  readonly keep?: number;
  /** Further values of the graph to return at every step. */
  readonly metrics?: Readonly<Record<string, Value>>;
}

export interface TrainStep {
  /** Returns `loss` and `gradient_norm` (before clipping), the metrics, and the next state. */
  readonly model: RunnableModel;
  /** Parameters (by their input names), averages `ema.NAME`, and moments, `m.NAME` and `v.NAME`, those of small parameters together under NAME `small parameters`. */
  readonly state: readonly SessionState[];
  /** Names of the inputs to feed at every step: those of the loss, `step` (1-based), `learning_rate`, `ema_decay` where averages are kept, and `loss_scale` where the loss is scaled; all scalars are float32. */
  readonly feeds: readonly string[];
  /** Runs for one step of the optimiser. Where these are more than one, `apply` is fed as well: 1 in the last of them, 0 before, which leaves all but the sums of gradients `sum.NAME` as it is. */
  readonly accumulate: number;
}

/**
 * Parameters below this size (256 KB) move together as one vector: a dozen operators for each would cost more than joining and parting them.
 * On a U-Net of 246 parameters the step took 129 ms of one core with none joined above 8 thousand elements, 121 with this limit, and 122 to 127 with 200 thousand.
 */
const SMALL = 65_536;
/** A root of a float32 is below 2e19 where it is finite; infinity and NaN are not below this. */
const BEYOND_NORMS = 1e38;
interface Group {
  readonly name: string;
  readonly shape: Shape;
  /** Indices of the parameters in it. */
  readonly members: readonly number[];
}
/** onnxruntime takes seven times as long for an operator on [64, 128, 1, 1] and a number as on [64, 128]. */
const withoutLastOnes = (shape: Shape): Shape => shape.slice(0, shape.findLastIndex((size) => size !== 1) + 1);
function bundle(parameters: readonly TrainedParameter[]): Group[] {
  const sizes = parameters.map(({ value }) => sizeOf(value.shape));
  const small = sizes.flatMap((size, index) => (size < SMALL ? [index] : []));
  const groups: Group[] = parameters.flatMap(({ name, value }, index) =>
    sizes[index]! < SMALL ? [] : [{ name, shape: withoutLastOnes(value.shape), members: [index] }],
  );
  if (small.length)
    groups.push({ name: 'small parameters', shape: [small.reduce((sum, index) => sum + sizes[index]!, 0)], members: small });
  return groups;
}
const reshaped = (value: Value, shape: Shape): Value => (sameShape(value.shape, shape) ? value : op.Reshape([value], { shape }));
/** Values one after another in one vector; a group of one stays as it is. */
function joined(values: readonly Value[], shape: Shape): Value {
  if (values.length === 1) return reshaped(values[0]!, shape);
  return op.Concat(
    values.map((value) => reshaped(value, [sizeOf(value.shape)])),
    { axis: 0 },
  );
}
/** The inverse of `joined`. */
function parted(value: Value, shapes: readonly Shape[]): Value[] {
  const parts = shapes.length === 1 ? [value] : op.Split([value], { axis: 0, split: shapes.map(sizeOf) });
  return shapes.map((shape, index) => reshaped(parts[index]!, shape));
}
const inputName = ({ source }: Value): string => (source.kind === 'input' ? source.name : '');

function problemsOf({ loss, parameters, metrics = {}, accumulate = 1 }: TrainStepOptions, gradients: readonly (Value | null)[]): string[] {
  const problems: string[] = [];
  if (parameters.length === 0) problems.push('no parameters');
  parameters.forEach(({ name, value, initial }, index) => {
    if (value.source.kind !== 'input' || value.dtype !== 'float32')
      problems.push(`${name} is a ${value.source.kind} of ${describe(value)}, not a float32 input`);
    else if (!gradients[index]) problems.push(`the loss does not depend on ${name}`);
    if (initial.dtype !== 'float32' || !sameShape(initial.dims, value.shape))
      problems.push(`${name} is ${describe(value)} and begins as ${initial.dtype} [${initial.dims.join(', ')}]`);
  });
  const names = parameters.map(({ name }) => name);
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) problems.push(`two parameters named ${name}`);
  for (const name of ['loss', 'gradient_norm']) if (name in metrics) problems.push(`a metric named ${name}, which is taken`);
  if (!Number.isInteger(accumulate) || accumulate < 1) problems.push(`gradients of ${accumulate} runs, not of a whole number from 1`);
  if (sizeOf(loss.shape) !== 1) problems.push(`a loss ${describe(loss)}`);
  return problems;
}

/**
 * Makes a training step out of a loss. Open `model` with `state`, then run it with `feeds` again and again: each run moves the parameters.
 * Throws ONNX_TRAIN_STEP with all problems: parameters that are no float32 inputs, that the loss does not depend on, or whose initial tensor does not fit.
 */
export function trainStep(options: TrainStepOptions): TrainStep {
  const {
    loss,
    parameters,
    optimiser,
    maxGradientNorm,
    ema = false,
    accumulate = 1,
    scaled = false,
    keep = Infinity,
    metrics = {},
  } = options;
  const values = parameters.map(({ value }) => value);
  const lossScale = input('loss_scale', 'float32', []);
  const seed = scaled ? reshaped(lossScale, loss.shape) : undefined;
  const dependent = sizeOf(loss.shape) === 1 ? gradientsOrNull(loss, values, seed, { keep }) : values.map(() => null);
  const problems = problemsOf(options, dependent);
  if (problems.length) throw err.TRAIN_STEP('options', 'a scalar loss and the float32 inputs it depends on', problems.join('; '));
  const gradients = dependent as Value[];

  const step = input('step', 'float32', []);
  const learningRate = input('learning_rate', 'float32', []);
  const groups = bundle(parameters);
  const moments = (kind: 'm' | 'v' | 'sum') => groups.map(({ name, shape }) => input(`${kind}.${name}`, 'float32', shape));
  const gather = (all: readonly Value[]) =>
    groups.map(({ members, shape }) =>
      joined(
        members.map((index) => all[index]!),
        shape,
      ),
    );
  const before = { parameters: gather(values), m: moments('m'), v: moments('v') };
  const fresh = gather(gradients);
  const sums = accumulate > 1 ? moments('sum') : [];
  const share = scaled ? op.Div([1 / accumulate, lossScale]) : 1 / accumulate;
  const parts = share === 1 ? fresh : fresh.map((gradient) => op.Mul([gradient, share]));
  const joinedGradients = sums.length ? sums.map((sum, i) => op.Add([sum, parts[i]!])) : parts;
  const apply = input('apply', 'float32', []);
  const { norm, scale } = globalNorm(joinedGradients, maxGradientNorm ?? Infinity);
  const last = op.Greater([apply, 0.5]);
  const conditions = [...(sums.length ? [last] : []), ...(scaled ? [op.Less([norm, BEYOND_NORMS])] : [])];
  const moves = conditions.length === 2 ? op.And(conditions) : conditions[0];
  const settled = (was: Value, is: Value): Value => (moves ? op.Where([moves, is, was]) : is);
  // State may be written where it was read (SessionState.inPlace), so nothing moves before everything that reads it has run: all gradients, on which the norm depends, and what is returned.
  const rate = after(op, learningRate, [norm, loss, ...Object.values(metrics)]);
  const moved = adamW({
    ...before,
    gradients: joinedGradients,
    step,
    learningRate: rate,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    ...optimiser,
    ...(maxGradientNorm !== undefined && { gradientScale: scale }),
  });
  const updated = {
    parameters: moved.parameters.map((to, i) => settled(before.parameters[i]!, to)),
    m: moved.m.map((to, i) => settled(before.m[i]!, to)),
    v: moved.v.map((to, i) => settled(before.v[i]!, to)),
  };

  const outputs: Record<string, Value> = { loss, gradient_norm: norm, ...metrics };
  const state: SessionState[] = [];
  const carry = (name: string, from: Value, to: Value, initial: Tensor) => {
    const output = `next.${name}`;
    outputs[output] = to;
    state.push({ input: inputName(from), output, initial, inPlace: true });
  };
  const decay = input('ema_decay', 'float32', []);
  const averages = values.map((value, i) => input(`ema.${parameters[i]!.name}`, 'float32', value.shape));
  const nextAverages = gather(averages).map((average, group) => {
    const to = moved.parameters[group]!;
    return settled(average, op.Add([to, op.Mul([op.Sub([average, to]), decay])]));
  });
  groups.forEach(({ name, shape, members }, group) => {
    const zeros = (): Tensor => ({ dtype: 'float32', dims: shape, data: new Float32Array(sizeOf(shape)) });
    carry(`m.${name}`, before.m[group]!, updated.m[group]!, zeros());
    carry(`v.${name}`, before.v[group]!, updated.v[group]!, zeros());
    if (sums.length) carry(`sum.${name}`, sums[group]!, op.Where([last, 0, joinedGradients[group]!]), zeros());
    const shapes = members.map((index) => values[index]!.shape);
    const next = parted(updated.parameters[group]!, shapes);
    const averaged = ema ? parted(nextAverages[group]!, shapes) : [];
    members.forEach((index, place) => {
      const { name: own, value, initial } = parameters[index]!;
      carry(own, value, next[place]!, initial);
      if (ema) carry(`ema.${own}`, averages[index]!, averaged[place]!, initial);
    });
  });
  const model = buildModel(outputs, {
    inputs: [step, learningRate, ...(ema ? [decay] : []), ...(sums.length ? [apply] : []), ...(scaled ? [lossScale] : [])],
  });
  const kept = new Set(state.map((entry) => entry.input));
  return { model, state, feeds: model.inputs.map(({ name }) => name).filter((name) => !kept.has(name)), accumulate };
}
