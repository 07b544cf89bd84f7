// Walks from noise to a picture: what a sampler is, and making one by name.
import { err } from '../errors.ts';
import type { NoiseSchedule, Spacing } from './noise-schedule.ts';
import { ddim } from './samplers/ddim.ts';
import { ddpm } from './samplers/ddpm.ts';
import { dpmpp2m, dpmpp2mSde } from './samplers/dpmpp-2m.ts';
import { dpmppSde } from './samplers/dpmpp-sde.ts';
import { eulerAncestral } from './samplers/euler-ancestral.ts';
import { euler } from './samplers/euler.ts';
import { heun } from './samplers/heun.ts';
import { lcm } from './samplers/lcm.ts';
import { lms } from './samplers/lms.ts';
import { pndm } from './samplers/pndm.ts';
import { unipc } from './samplers/unipc.ts';

/** Every sampler, by its usual short name. */
export const samplerKinds = [
  'ddim',
  'ddpm',
  'pndm',
  'euler',
  'euler_ancestral',
  'heun',
  'dpmpp_2m',
  'dpmpp_2m_sde',
  'dpmpp_sde',
  'unipc',
  'lms',
  'lcm',
] as const;
export type SamplerKind = (typeof samplerKinds)[number];

/** Standard normal numbers of the latents' shape, new ones at each call. */
export type NoiseSource = () => Float32Array;

export const sigmaSpacings = ['default', 'karras', 'exponential'] as const;
export type SigmaSpacing = (typeof sigmaSpacings)[number];

export interface SamplerOptions {
  /** How noise levels lie between the largest and the smallest: as the schedule's timesteps, or by a formula. */
  readonly sigmas?: SigmaSpacing;
  /** Noise of DDIM: 0 (default) is deterministic, 1 as much as DDPM. */
  readonly eta?: number;
}

/**
 * One walk, used from its first step (or one in the middle) to its last. A step is a call of the model, numbered from 0 (most noise) to `timesteps.length - 1`.
 * All arrays are of one latent shape and none is changed.
 */
export interface Sampler {
  /** What the model is told at each call. */
  readonly timesteps: readonly number[];
  /** Whole steps, as were asked for. */
  readonly steps: number;
  /** Calls of the model in a whole step; one may begin at multiples of it. */
  readonly order: number;
  /** Standard normal noise times this is where step 0 begins. */
  readonly initialScale: number;
  /** What the model sees of `x` at a step. */
  scaleInput(x: Float32Array, step: number): Float32Array;
  /** From the model's prediction for `x` at a step to x at the next; `noise` is asked only by samplers that add some. */
  step(predicted: Float32Array, x: Float32Array, step: number, noise: NoiseSource): Float32Array;
  /** Clean latents noised as they would be on entering a step; at `timesteps.length`, the end, they stay clean. */
  addNoise(clean: Float32Array, noise: Float32Array, step: number): Float32Array;
}

/** A schedule whose spacing is settled. */
export type SpacedSchedule = NoiseSchedule & { readonly spacing: Spacing };

/** Makes the walk of one sampler; `steps` and the options are checked. */
export type MakeSampler = (schedule: SpacedSchedule, steps: number, options: Required<SamplerOptions>) => Sampler;

const samplers: Readonly<Record<SamplerKind, MakeSampler>> = {
  ddim,
  ddpm,
  pndm,
  euler,
  euler_ancestral: eulerAncestral,
  heun,
  dpmpp_2m: dpmpp2m,
  dpmpp_2m_sde: dpmpp2mSde,
  dpmpp_sde: dpmppSde,
  unipc,
  lms,
  lcm,
};

/** These visit whole timesteps only. */
const wholeTimesteps: readonly SamplerKind[] = ['ddim', 'ddpm', 'pndm', 'lcm'];

/** Makes a sampler of `steps` steps. Throws MODELS_INPUT for a count that the schedule cannot give, and for an option that the sampler does not have. */
export function createSampler(kind: SamplerKind, schedule: NoiseSchedule, steps: number, options: SamplerOptions = {}): Sampler {
  const trained = schedule.alphasCumprod.length;
  if (!Number.isInteger(steps) || steps < 1 || steps > trained) throw err.INPUT('steps', `a whole number from 1 to ${trained}`, `${steps}`);
  const { sigmas = 'default', eta = 0 } = options;
  if (wholeTimesteps.includes(kind) && sigmas !== 'default')
    throw err.INPUT(`sigmas of sampler ${kind}`, 'default, as it visits whole timesteps only', sigmas);
  if (!(eta >= 0 && eta <= 1)) throw err.INPUT('eta', 'a number from 0 to 1', `${eta}`);
  if (kind !== 'ddim' && eta !== 0) throw err.INPUT(`eta of sampler ${kind}`, '0, as only ddim has it', `${eta}`);
  // as the schedulers of diffusers where their configuration does not say
  const spacing = schedule.spacing ?? (wholeTimesteps.includes(kind) ? 'leading' : 'linspace');
  const sampler = samplers[kind]({ ...schedule, spacing }, steps, { sigmas, eta });
  if (sampler.timesteps[0]! > trained - 1)
    throw err.INPUT(
      'steps',
      `a number whose first timestep is at most ${trained - 1}`,
      `${steps}, which begins at ${sampler.timesteps[0]} with steps_offset ${schedule.stepsOffset}`,
    );
  return sampler;
}
