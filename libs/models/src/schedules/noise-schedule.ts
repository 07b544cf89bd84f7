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
  readonly spacing: Spacing;
  readonly stepsOffset: number;
  /** Whether the step past timestep 0 is clean (1), or has the noise of timestep 0. */
  readonly setAlphaToOne: boolean;
  /** Clamp predicted originals to ±this, or null. */
  readonly clip: number | null;
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

const known = [
  'DDIMScheduler',
  'EulerDiscreteScheduler',
  'PNDMScheduler',
  'DDPMScheduler',
  'DEISMultistepScheduler',
  'DPMSolverMultistepScheduler',
] as const;

/**
 * Reads the noise of any of the usual schedulers; which sampler walks it is chosen apart (`createSampler`).
 * Throws MODELS_CONFIG naming every value that is malformed or would change the noise in a way not supported.
 */
export function parseNoiseSchedule(json: Json): NoiseSchedule {
  const c = new ConfigReader('scheduler', json);
  const name = c.oneOf('_class_name', known, 'DDIMScheduler');
  const count = c.integer('num_train_timesteps', 1000);
  const kind = c.oneOf('beta_schedule', ['linear', 'scaled_linear'], 'linear');
  const variances = betas(kind, c.number('beta_start', 0.0001), c.number('beta_end', 0.02), count);
  const ddim = name === 'DDIMScheduler';
  const clip = c.boolean('clip_sample', ddim || name === 'DDPMScheduler');
  const range = c.number('clip_sample_range', 1);
  const schedule: NoiseSchedule = {
    alphasCumprod: alphasCumprod(variances),
    prediction: c.oneOf('prediction_type', ['epsilon', 'v_prediction', 'sample'], 'epsilon'),
    spacing: c.oneOf(
      'timestep_spacing',
      ['leading', 'trailing', 'linspace'],
      name === 'EulerDiscreteScheduler' || name === 'DPMSolverMultistepScheduler' || name === 'DEISMultistepScheduler'
        ? 'linspace'
        : 'leading',
    ),
    stepsOffset: c.integer('steps_offset', 0),
    setAlphaToOne: c.boolean('set_alpha_to_one', ddim),
    clip: clip ? range : null,
  };
  c.oneOf('trained_betas', [null], null);
  c.oneOf('rescale_betas_zero_snr', [false], false);
  c.oneOf('thresholding', [false], false);
  if (name === 'EulerDiscreteScheduler') {
    for (const key of ['use_karras_sigmas', 'use_exponential_sigmas', 'use_beta_sigmas']) c.oneOf(key, [false], false);
    c.oneOf('interpolation_type', ['linear'], 'linear');
    c.oneOf('timestep_type', ['discrete'], 'discrete');
    c.oneOf('final_sigmas_type', ['zero'], 'zero');
  }
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
    'timestep_type',
    'final_sigmas_type',
    'solver_order',
    'algorithm_type',
    'solver_type',
    'lower_order_final',
    'sigma_min',
    'sigma_max',
    'lambda_min_clipped',
    'euler_at_final',
    'use_flow_sigmas',
    'flow_shift',
    'use_lu_lambdas',
    'use_dynamic_shifting',
    'time_shift_type',
  );
  c.finish();
  return schedule;
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
  timestep_spacing: 'leading',
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

/** One-step denoising: the clean values that a model's prediction for noisy `x` at a timestep implies. */
export function predictOriginal(schedule: NoiseSchedule, predicted: Float32Array, x: Float32Array, timestep: number): Float32Array {
  const { signal } = signalAndNoise(schedule, timestep);
  return x.map((value, i) => splitPrediction(schedule.prediction, predicted[i]!, value, signal * signal)[0]);
}
