// Every sampler against diffusers, begun at noise and in the middle, and what it refuses.
import { describe, expect, it } from 'vitest';
import fixture from '../fixtures/schedules.json' with { type: 'json' };
import { relativeError } from '../reference/fixture.ts';
import { hashedTensor } from '../reference/hashed-tensor.ts';
import { parseNoiseSchedule, sd15SchedulerConfig } from './noise-schedule.ts';
import { createSampler, samplerKinds, sigmaSpacings, type Sampler, type SamplerKind, type SigmaSpacing } from './sampler.ts';
import { firstStep, guide, keepKnown, startLatents, stepAtTimestep } from './start.ts';

const shape = [1, 2, 2, 2];
const values = (name: string): Float32Array => hashedTensor(name, shape).data;
const [start, clean] = [values('start'), values('clean')];
const sd15 = parseNoiseSchedule(sd15SchedulerConfig);

/** As in tools/reference/schedules.py: mixes neighbours and the timestep, each value by another rate. */
const model = (x: Float32Array, t: number): Float32Array =>
  x.map((value, i) => 0.9 * Math.tanh(1.1 * value + 0.6 * x[(i + 5) % 8]!) + 0.3 * Math.sin(0.002 * (1 + (i % 5)) * t));

function walked(sampler: Sampler, latents: Float32Array, first: number): Float32Array {
  let drawn = 0;
  return sampler.timesteps
    .slice(first)
    .reduce<Float32Array>(
      (x, t, i) => sampler.step(model(sampler.scaleInput(x, first + i), t), x, first + i, () => values(`noise ${(drawn += 1)}`)),
      latents,
    );
}

interface Walk {
  readonly kind: string;
  readonly steps: number;
  readonly sigmas?: string;
  readonly eta?: number;
  readonly strength?: number;
  readonly timesteps: string;
  readonly begun: string;
  readonly result: string;
}
const walks = fixture.cases.flatMap(({ name, config, walks }) =>
  (walks as readonly Walk[]).map((walk) => ({
    ...walk,
    config,
    // float32 arithmetic on both sides, through up to 48 steps; measured at most 6e-6. diffusers rounds the levels themselves to float32,
    // and 1 - 0.9999, the noise at timestep 0 of these linear betas, keeps but three digits of that: measured 8e-5
    tolerance: name === 'sample, linear, clipped' ? 1e-4 : 1e-5,
    title: [name, walk.sigmas, walk.eta && `eta ${walk.eta}`, walk.strength && `strength ${walk.strength}`].filter(Boolean).join(', '),
  })),
);

describe('samplers', () => {
  it('are all measured', () => {
    expect(new Set(walks.map(({ kind }) => kind))).toEqual(new Set(samplerKinds));
    expect(new Set(walks.map(({ sigmas }) => sigmas ?? 'default'))).toEqual(new Set(sigmaSpacings));
  });

  it.each(walks)(
    '$kind of $steps steps over $title follows diffusers',
    ({ kind, config, steps, sigmas = 'default', eta = 0, strength = 1, tolerance, ...want }) => {
      const sampler = createSampler(kind as SamplerKind, parseNoiseSchedule(config), steps, { sigmas: sigmas as SigmaSpacing, eta });
      const timesteps = new Float32Array(Uint8Array.from(atob(want.timesteps), (character) => character.charCodeAt(0)).buffer);
      expect(sampler.timesteps.length).toBe(timesteps.length);
      // fractional ones come from sigmas by float32 logarithms there, which are that coarse near timestep 0
      sampler.timesteps.forEach((t, i) => expect(Math.abs(t - timesteps[i]!)).toBeLessThan(2e-3));
      const { latents, step } = startLatents(sampler, clean, start, strength);
      const error = (data: Float32Array, float32: string) => relativeError({ dtype: 'float32', dims: shape, data }, { shape, float32 });
      expect(error(latents, want.begun)).toBeLessThan(tolerance);
      expect(error(walked(sampler, latents, step), want.result)).toBeLessThan(tolerance);
    },
  );

  it.each(samplerKinds)('%s gives the same picture again, as a walk from step 0 forgets the one before', (kind) => {
    const sampler = createSampler(kind, sd15, 6);
    expect(walked(sampler, start, 0)).toEqual(walked(sampler, start, 0));
  });

  it('visits the timesteps of Stable Diffusion 1.5 at 50 steps', () => {
    const { timesteps } = createSampler('ddim', sd15, 50);
    expect([timesteps[0], timesteps[1], timesteps.at(-2), timesteps.at(-1)]).toEqual([981, 961, 21, 1]);
  });

  it('refuses a number of steps that the schedule cannot give', () => {
    for (const kind of samplerKinds)
      for (const steps of [0, 1.5, 1001, Number.NaN]) expect(() => createSampler(kind, sd15, steps)).toThrow(/steps: expected/);
    expect(() => createSampler('ddim', sd15, 1000)).toThrow(/begins at 1000/);
    expect(() => createSampler('unipc', sd15, 1000)).toThrow(/a timestep of its own, got 1000 over 1000 timesteps/);
    const short = parseNoiseSchedule({ ...sd15SchedulerConfig, num_train_timesteps: 40 });
    expect(() => createSampler('lcm', short, 4)).toThrow(
      /original_inference_steps of sampler lcm: expected at most the 40 trained.*got 50/,
    );
    expect(() => createSampler('lcm', sd15, 51)).toThrow(/steps of sampler lcm: expected at most the 50 that/);
  });

  it('refuses options that a sampler does not have, naming both', () => {
    for (const kind of ['ddim', 'ddpm', 'pndm', 'lcm'] as const)
      expect(() => createSampler(kind, sd15, 20, { sigmas: 'karras' })).toThrow(
        new RegExp(`sigmas of sampler ${kind}: expected default.*got karras`),
      );
    expect(() => createSampler('euler', sd15, 20, { eta: 0.5 })).toThrow(/eta of sampler euler: expected 0.*got 0.5/);
    expect(() => createSampler('ddim', sd15, 20, { eta: 1.5 })).toThrow(/eta: expected a number from 0 to 1, got 1.5/);
  });

  it('refuses predicted noise where a step has no signal', () => {
    const schedule = parseNoiseSchedule({ ...sd15SchedulerConfig, rescale_betas_zero_snr: true, timestep_spacing: 'trailing' });
    for (const kind of ['ddim', 'ddpm', 'pndm', 'lcm'] as const)
      expect(() => createSampler(kind, schedule, 20)).toThrow(new RegExp(`prediction of sampler ${kind}: expected v_prediction or sample`));
    expect(walked(createSampler('euler', schedule, 20), start, 0).every(Number.isFinite)).toBe(true);
  });
});

describe('walks begun in the middle', () => {
  it('begin later the weaker the change, from pure noise at full strength and past the end at none', () => {
    const sampler = createSampler('ddim', sd15, 20);
    expect([1, 0.5, 0.51, 0].map((strength) => firstStep(sampler, strength))).toEqual([0, 10, 10, 20]);
    expect(() => firstStep(sampler, 1.1)).toThrow(/strength: expected a number from 0 to 1, got 1.1/);
  });

  it.each(samplerKinds)('of %s begin at pure noise or change nothing at the ends of strength', (kind) => {
    const sampler = createSampler(kind, sd15, 20);
    expect(startLatents(sampler, clean, start, 1)).toEqual({ step: 0, latents: start.map((v) => v * sampler.initialScale) });
    expect(startLatents(sampler, clean, start, 0)).toEqual({ step: sampler.timesteps.length, latents: clean });
  });

  it.each(['heun', 'dpmpp_sde'] as const)('of %s begin at a whole step, and nowhere else', (kind) => {
    const sampler = createSampler(kind, { ...sd15, spacing: 'leading' }, 20);
    expect(sampler.timesteps.length).toBe(39);
    expect([0.95, 0.5, 0.05].map((strength) => firstStep(sampler, strength))).toEqual([2, 20, 38]);
    expect([2000, 800, 799, 0].map((t) => sampler.timesteps[stepAtTimestep(sampler, t)])).toEqual([951, 751, 751, 1]);
    expect(() => sampler.step(start, start, 21, () => start)).toThrow(/step 21 of a walk: expected the call that begins it/);
  });

  it('put known latents back outside the mask, for every channel and picture', () => {
    const sampler = createSampler('ddim', sd15, 20);
    const mask = Float32Array.of(1, 0, 0, 1);
    const kept = keepKnown(sampler, new Float32Array(8).fill(9), { clean, noise: start }, mask, 2, 2, 20);
    expect(kept).toEqual(clean.map((v, i) => ([0, 2, 5, 7].includes(i) ? 9 : v)));
  });

  it.each(samplerKinds)('of %s end at what is known where nothing is repainted', (kind) => {
    const sampler = createSampler(kind, sd15, 10);
    const { latents, step } = startLatents(sampler, clean, start, 0.5);
    let x = latents;
    for (let i = step; i < sampler.timesteps.length; i++) {
      x = sampler.step(start, x, i, () => start);
      x = keepKnown(sampler, x, { clean, noise: start }, new Float32Array(4), 2, 4, i + 1);
    }
    expect(x).toEqual(clean);
  });

  it.each(samplerKinds)('of %s noise known latents as the model is used to at every call: shares whose squares sum to 1', (kind) => {
    const sampler = createSampler(kind, sd15, 10);
    const [one, none] = [Float32Array.of(1), Float32Array.of(0)];
    const shares = sampler.timesteps.map((_, i) => {
      const [signal, noise] = [sampler.addNoise(one, none, i), sampler.addNoise(none, one, i)].map((x) => sampler.scaleInput(x, i)[0]!);
      expect(signal! ** 2 + noise! ** 2).toBeCloseTo(1, 6);
      return noise!;
    });
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
  });
});

describe('guidance', () => {
  it('moves from the unconditional prediction through the conditional one', () => {
    expect([...guide(Float32Array.of(1, 2), Float32Array.of(3, 2), 2)]).toEqual([5, 2]);
  });
});
