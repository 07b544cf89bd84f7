// One training step as a model: loss, gradients, clipping, AdamW and averaged weights in a single graph.
import { sizeOf, type RunnableModel, type SessionState, type Tensor } from '@facewright/tensor';
import { op } from './builder.ts';
import { buildModel } from './build-model.ts';
import { gradientsOrNull } from './grad.ts';
import { err } from './op.ts';
import { adamW, globalNorm, type AdamWOptions } from './optimiser.ts';
import { describe, sameShape } from './shapes.ts';
import { input } from './source.ts';
import type { Value } from './value.ts';

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
  /** Further values of the graph to return at every step. */
  readonly metrics?: Readonly<Record<string, Value>>;
}

export interface TrainStep {
  /** Returns `loss` and `gradient_norm` (before clipping), the metrics, and the next state. */
  readonly model: RunnableModel;
  /** Parameters (by their input names), moments `m.NAME` and `v.NAME`, and averages `ema.NAME`. */
  readonly state: readonly SessionState[];
  /** Names of the inputs to feed at every step: those of the loss, `step` (1-based), `learning_rate`, and `ema_decay` where averages are kept; all scalars are float32. */
  readonly feeds: readonly string[];
}

const zerosLike = ({ dims }: Tensor): Tensor => ({ dtype: 'float32', dims, data: new Float32Array(sizeOf(dims)) });
const inputName = ({ source }: Value): string => (source.kind === 'input' ? source.name : '');

function problemsOf({ loss, parameters, metrics = {} }: TrainStepOptions, gradients: readonly (Value | null)[]): string[] {
  const problems: string[] = [];
  if (parameters.length === 0) problems.push('no parameters');
  parameters.forEach(({ name, value, initial }, index) => {
    if (value.source.kind !== 'input' || value.dtype !== 'float32') problems.push(`${name} is a ${value.source.kind} of ${describe(value)}, not a float32 input`);
    else if (!gradients[index]) problems.push(`the loss does not depend on ${name}`);
    if (initial.dtype !== 'float32' || !sameShape(initial.dims, value.shape)) problems.push(`${name} is ${describe(value)} and begins as ${initial.dtype} [${initial.dims.join(', ')}]`);
  });
  const names = parameters.map(({ name }) => name);
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) problems.push(`two parameters named ${name}`);
  for (const name of ['loss', 'gradient_norm']) if (name in metrics) problems.push(`a metric named ${name}, which is taken`);
  if (sizeOf(loss.shape) !== 1) problems.push(`a loss ${describe(loss)}`);
  return problems;
}

/**
 * Makes a training step out of a loss. Open `model` with `state`, then run it with `feeds` again and again: each run moves the parameters.
 * Throws ONNX_TRAIN_STEP with all problems: parameters that are no float32 inputs, that the loss does not depend on, or whose initial tensor does not fit.
 */
export function trainStep(options: TrainStepOptions): TrainStep {
  const { loss, parameters, optimiser, maxGradientNorm, ema = false, metrics = {} } = options;
  const values = parameters.map(({ value }) => value);
  const found = sizeOf(loss.shape) === 1 ? gradientsOrNull(loss, values) : values.map(() => null);
  const problems = problemsOf(options, found);
  if (problems.length) throw err.TRAIN_STEP('options', 'a scalar loss and the float32 inputs it depends on', problems.join('; '));
  const gradients = found as Value[];

  const step = input('step', 'float32', []);
  const learningRate = input('learning_rate', 'float32', []);
  const moments = (kind: 'm' | 'v') => parameters.map(({ name, value }) => input(`${kind}.${name}`, 'float32', value.shape));
  const before = { parameters: values, m: moments('m'), v: moments('v') };
  const { norm, scale } = globalNorm(gradients, maxGradientNorm ?? Infinity);
  const after = adamW({
    ...before,
    gradients,
    step,
    learningRate,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    ...optimiser,
    ...(maxGradientNorm !== undefined && { gradientScale: scale }),
  });

  const outputs: Record<string, Value> = { loss, gradient_norm: norm, ...metrics };
  const state: SessionState[] = [];
  const keep = (name: string, from: Value, to: Value, initial: Tensor) => {
    const output = `next.${name}`;
    outputs[output] = to;
    state.push({ input: inputName(from), output, initial });
  };
  const decay = input('ema_decay', 'float32', []);
  parameters.forEach(({ name, value, initial }, i) => {
    keep(name, value, after.parameters[i]!, initial);
    keep(`m.${name}`, before.m[i]!, after.m[i]!, zerosLike(initial));
    keep(`v.${name}`, before.v[i]!, after.v[i]!, zerosLike(initial));
    if (!ema) return;
    const average = input(`ema.${name}`, 'float32', value.shape);
    const fresh = after.parameters[i]!;
    keep(`ema.${name}`, average, op.Add([fresh, op.Mul([op.Sub([average, fresh]), decay])]), initial);
  });
  const model = buildModel(outputs, { inputs: ema ? [step, learningRate, decay] : [step, learningRate] });
  const kept = new Set(state.map((entry) => entry.input));
  return { model, state, feeds: model.inputs.map(({ name }) => name).filter((name) => !kept.has(name)) };
}
