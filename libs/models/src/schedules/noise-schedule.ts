// How much noise each training timestep adds, as diffusers writes it to scheduler_config.json.
import { ConfigReader, type Json } from '../config.ts';
import { err } from '../errors.ts';

export type Prediction = 'epsilon' | 'v_prediction' | 'sample';
export type Spacing = 'leading' | 'trailing' | 'linspace';

export interface NoiseSchedule {
  /** Share of signal variance left at each timestep, from nearly 1 to nearly 0: the running product of 1 - beta. */
  readonly alphasCumprod: Float64Array;
  /** What the model predicts. */
  readonly prediction: Prediction;
  /** How the steps of a walk are spread over the timesteps; null where the file does not say: then each sampler has its own way, as in diffusers. */
  readonly spacing: Spacing | null;
  readonly stepsOffset: number;
  /** Whether the step past timestep 0 is clean (1), or has the noise of timestep 0. */
  readonly setAlphaToOne: boolean;
  /** Clamp predicted originals to ±this, or null. */
  readonly clip: number | null;
  /** Consistency models (LCM): the steps of the walk that they were distilled from. */
  readonly originalSteps: number;
  /** Consistency models (LCM): how fast they leave x alone as the timestep nears 0. */
  readonly timestepScaling: number;
}

/** Variances added per timestep: linear between the ends, or linear in their square roots ('scaled_linear', as Stable Diffusion). */
export function betas(kind: 'linear' | 'scaled_linear', start: number, end: number, count: number): Float64Array {
  const [a, b] = kind === 'linear' ? [start, end] : [Math.sqrt(start), Math.sqrt(end)];
  return Float64Array.from({ length: count }, (_, i) => {
    const value = a + ((b - a) * i) / (count - 1);
    return kind === 'linear' ? value : value * value;
  });
}

/** Running product of 1 - beta. */
export function alphasCumprod(variances: Float64Array): Float64Array {
  let product = 1;
  return variances.map((beta) => (product *= 1 - beta));
}

/** The same levels, shifted and stretched so that the last timestep keeps no signal (Lin et al. 2023, arXiv 2305.08891, algorithm 1). */
export function withoutTerminalSignal(alphas: Float64Array): Float64Array {
  const [first, last] = [Math.sqrt(alphas[0]!), Math.sqrt(alphas.at(-1)!)];
  return alphas.map((alpha) => (((Math.sqrt(alpha) - last) * first) / (first - last)) ** 2);
}

/** Defaults of the scheduler classes that files name, where they differ: written configs may leave them out. */
interface Defaults {
  readonly beta: readonly [kind: 'linear' | 'scaled_linear', start: number, end: number];
  readonly setAlphaToOne: boolean;
  readonly clip: boolean;
}
const wide: Defaults['beta'] = ['linear', 0.0001, 0.02];
const narrow: Defaults['beta'] = ['linear', 0.00085, 0.012];
const usual: Defaults = { beta: wide, setAlphaToOne: false, clip: false };
const consistency: Defaults = { ...usual, beta: ['scaled_linear', 0.00085, 0.012], setAlphaToOne: true };
const known: Readonly<Record<string, Defaults>> = {
  DDIMScheduler: { ...usual, setAlphaToOne: true, clip: true },
  DDPMScheduler: { ...usual, clip: true },
  PNDMScheduler: usual,
  LCMScheduler: consistency,
  TCDScheduler: consistency,
  EulerDiscreteScheduler: usual,
  EulerAncestralDiscreteScheduler: usual,
  LMSDiscreteScheduler: usual,
  DEISMultistepScheduler: usual,
  DPMSolverSinglestepScheduler: usual,
  DPMSolverMultistepScheduler: usual,
  UniPCMultistepScheduler: usual,
  HeunDiscreteScheduler: { ...usual, beta: narrow },
  KDPM2DiscreteScheduler: { ...usual, beta: narrow },
  KDPM2AncestralDiscreteScheduler: { ...usual, beta: narrow },
  DPMSolverSDEScheduler: { ...usual, beta: narrow },
};

/**
 * Reads the noise of any of the usual schedulers; which sampler walks it is chosen apart (`createSampler`).
 * Throws MODELS_CONFIG naming every value that is malformed or would change the noise in a way not supported.
 */
export function parseNoiseSchedule(json: Json): NoiseSchedule {
  const c = new ConfigReader('scheduler', json);
  const defaults = known[c.oneOf('_class_name', Object.keys(known), 'DDIMScheduler')]!;
  const clip = c.boolean('clip_sample', defaults.clip);
  const range = c.number('clip_sample_range', 1);
  const alphas = alphasCumprod(readBetas(c, json, defaults));
  const schedule: NoiseSchedule = {
    alphasCumprod: c.boolean('rescale_betas_zero_snr', false) ? withoutTerminalSignal(alphas) : alphas,
    prediction: c.oneOf('prediction_type', ['epsilon', 'v_prediction', 'sample'], 'epsilon'),
    spacing: c.oneOf('timestep_spacing', ['leading', 'trailing', 'linspace', null], null),
    stepsOffset: c.integer('steps_offset', 0),
    setAlphaToOne: c.boolean('set_alpha_to_one', defaults.setAlphaToOne),
    clip: clip ? range : null,
    originalSteps: c.integer('original_inference_steps', 50),
    timestepScaling: c.number('timestep_scaling', 10),
  };
  c.oneOf('thresholding', [false], false);
  c.oneOf('timestep_type', ['discrete'], 'discrete');
  c.oneOf('use_flow_sigmas', [false], false);
  // how other samplers walk the same noise
  c.ignore(
    'skip_prk_steps',
    'variance_type',
    'dynamic_thresholding_ratio',
    'sample_max_value',
    'interpolation_type',
    'use_karras_sigmas',
    'use_exponential_sigmas',
    'use_beta_sigmas',
    'final_sigmas_type',
    'solver_order',
    'algorithm_type',
    'solver_type',
    'solver_p',
    'predict_x0',
    'disable_corrector',
    'lower_order_final',
    'sigma_min',
    'sigma_max',
    'lambda_min_clipped',
    'euler_at_final',
    'flow_shift',
    'use_lu_lambdas',
    'use_dynamic_shifting',
    'time_shift_type',
    'noise_sampler_seed',
  );
  c.finish();
  return schedule;
}

function readBetas(c: ConfigReader, json: Json, defaults: Defaults): Float64Array {
  const count = c.integer('num_train_timesteps', 1000);
  const kind = c.oneOf('beta_schedule', ['linear', 'scaled_linear'], defaults.beta[0]);
  const [start, end] = [c.number('beta_start', defaults.beta[1]), c.number('beta_end', defaults.beta[2])];
  const list = json['trained_betas'] ?? null;
  c.ignore('trained_betas');
  if (list === null) return betas(kind, start, end, count);
  if (Array.isArray(list) && list.length === count && list.every((beta) => typeof beta === 'number' && beta > 0 && beta < 1))
    return Float64Array.from(list as number[]);
  const got = Array.isArray(list) ? `${list.length} values, ${JSON.stringify(list.slice(0, 3))} first` : JSON.stringify(list);
  c.problems.push(`trained_betas: expected ${count} numbers between 0 and 1, as many as num_train_timesteps, got ${got}`);
  return betas(kind, start, end, count);
}

/** scheduler/scheduler_config.json of Stable Diffusion 1.5. */
export const sd15SchedulerConfig: Json = {
  _class_name: 'PNDMScheduler',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
};

/** Shares of signal and noise at a whole timestep: x = signal * clean + noise * ε, their squares sum to 1. Throws MODELS_INPUT outside the schedule. */
export function signalAndNoise(
  { alphasCumprod: alphas }: NoiseSchedule,
  timestep: number,
): { readonly signal: number; readonly noise: number } {
  const alpha = alphas[timestep];
  if (alpha === undefined) throw err.INPUT('timestep', `a whole number from 0 to ${alphas.length - 1}`, `${timestep}`);
  return { signal: Math.sqrt(alpha), noise: Math.sqrt(1 - alpha) };
}

/** Clean values and standard normal noise mixed as at a timestep (DDPM, eq. 4). */
export function addNoise(schedule: NoiseSchedule, clean: Float32Array, noise: Float32Array, timestep: number): Float32Array {
  const share = signalAndNoise(schedule, timestep);
  return clean.map((x, i) => share.signal * x + share.noise * noise[i]!);
}

/** The clean values that a prediction at noise share √(1 - alpha) implies, and the noise. No clipping. */
export function splitPrediction(kind: Prediction, predicted: number, x: number, alpha: number): readonly [clean: number, noise: number] {
  const [signal, noise] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)];
  switch (kind) {
    case 'epsilon':
      return [(x - noise * predicted) / signal, predicted];
    case 'v_prediction':
      return [signal * x - noise * predicted, signal * predicted + noise * x];
    case 'sample':
      return [predicted, (x - signal * predicted) / noise];
  }
}

/** Kept within ±limit, where there is one. */
export const clamped = (x: number, limit: number | null): number => (limit === null ? x : Math.max(-limit, Math.min(limit, x)));

/** One-step denoising: the clean values that a model's prediction for noisy `x` at a timestep implies. */
export function predictOriginal(schedule: NoiseSchedule, predicted: Float32Array, x: Float32Array, timestep: number): Float32Array {
  const { signal } = signalAndNoise(schedule, timestep);
  return x.map((value, i) => splitPrediction(schedule.prediction, predicted[i]!, value, signal * signal)[0]);
}
