// Noise schedules and samplers against diffusers, and against constants of Stable Diffusion.
import { describe, expect, it } from 'vitest';
import fixture from '../fixtures/schedules.json' with { type: 'json' };
import { relativeError } from '../reference/fixture.ts';
import { hashedTensor } from '../reference/hashed-tensor.ts';
import { addNoise, parseNoiseSchedule, predictOriginal, sd15SchedulerConfig, signalAndNoise } from './noise-schedule.ts';
import { createSampler } from './sampler.ts';
import { firstStep, guide, keepKnown, startLatents } from './start.ts';

const noise = hashedTensor('noise', [1, 4, 2, 2]).data;
const clean = hashedTensor('clean', [1, 4, 2, 2]).data;
/** diffusers keeps its schedule in float32, whose running product is off by a few 1e-6 at the noisy end. */
const tolerance = 5e-5;
const sd15 = parseNoiseSchedule(sd15SchedulerConfig);

describe('samplers', () => {
  it.each(fixture.cases)(
    '$kind over $name follows diffusers for 20 steps',
    ({ kind, config, timesteps, initialScale, trajectory, noisedAt12 }) => {
      const sampler = createSampler(kind as 'ddim' | 'euler', parseNoiseSchedule(config), 20);
      expect(sampler.timesteps.length).toBe(timesteps.length);
      sampler.timesteps.forEach((t, i) => expect(Math.abs(t - timesteps[i]!)).toBeLessThan(1e-4));
      expect(Math.abs(sampler.initialScale / initialScale - 1)).toBeLessThan(tolerance);
      let x: Float32Array = noise.map((v) => v * sampler.initialScale);
      const visited: number[] = [];
      sampler.timesteps.forEach((t, i) => {
        const predicted = sampler.scaleInput(x, i).map((v) => Math.tanh(v) * 0.8 + 0.1 * Math.cos(t * 0.01));
        x = sampler.step(predicted, x, i, () => new Float32Array(16));
        visited.push(...x);
      });
      expect(relativeError({ dtype: 'float32', dims: [20, 1, 4, 2, 2], data: Float32Array.from(visited) }, trajectory)).toBeLessThan(
        tolerance,
      );
      expect(relativeError({ dtype: 'float32', dims: [1, 4, 2, 2], data: sampler.addNoise(clean, noise, 12) }, noisedAt12)).toBeLessThan(
        tolerance,
      );
    },
  );

  it('visits the timesteps of Stable Diffusion 1.5 at 50 steps', () => {
    const { timesteps } = createSampler('ddim', sd15, 50);
    expect([timesteps[0], timesteps[1], timesteps.at(-2), timesteps.at(-1)]).toEqual([981, 961, 21, 1]);
  });

  it('refuses a number of steps that the schedule cannot give', () => {
    for (const steps of [0, 1.5, 1001, Number.NaN]) expect(() => createSampler('ddim', sd15, steps)).toThrow(/steps: expected/);
    expect(() => createSampler('ddim', sd15, 1000)).toThrow(/begins at 1000/);
  });

  it('begins later the weaker the change, from pure noise at full strength and past the end at none', () => {
    expect([1, 0.5, 0.51, 0].map((strength) => firstStep(createSampler('ddim', sd15, 20), strength))).toEqual([0, 10, 10, 20]);
    expect(() => firstStep(createSampler('ddim', sd15, 20), 1.1)).toThrow(/strength: expected a number from 0 to 1, got 1.1/);
    for (const kind of ['ddim', 'euler'] as const) {
      const sampler = createSampler(kind, sd15, 20);
      expect(startLatents(sampler, clean, noise, 1).latents).toEqual(noise.map((v) => v * sampler.initialScale));
      expect(startLatents(sampler, clean, noise, 0)).toEqual({ step: 20, latents: clean });
    }
  });

  it('puts known latents back outside the mask, for every channel and picture', () => {
    const sampler = createSampler('ddim', sd15, 20);
    const mask = Float32Array.of(1, 0, 0, 0, 0, 0, 0, 1);
    const latents = new Float32Array(16).fill(9);
    const kept = keepKnown(sampler, latents, { clean, noise }, mask, 2, 4, 20);
    const want = clean.map((v, i) => (i === 0 || i === 4 || i === 11 || i === 15 ? 9 : v));
    expect(kept).toEqual(want);
  });

  it('moves from the unconditional prediction through the conditional one', () => {
    expect([...guide(Float32Array.of(1, 2), Float32Array.of(3, 2), 2)]).toEqual([5, 2]);
  });
});

describe('noise schedules', () => {
  it('has the noise levels of Stable Diffusion 1.5', () => {
    const levels = {
      0: 0.99915,
      1: 0.998296028,
      21: 0.980380748,
      100: 0.894223478,
      250: 0.673792625,
      500: 0.276332684,
      800: 0.036869617,
      981: 0.0057755,
      999: 0.004660099,
    };
    for (const [t, level] of Object.entries(levels)) expect(Math.abs(sd15.alphasCumprod[Number(t)]! / level - 1)).toBeLessThan(2e-6);
  });

  it.each(['epsilon', 'v_prediction', 'sample'] as const)('recovers the original from a true %s prediction', (prediction) => {
    const schedule = { ...sd15, prediction };
    const { signal, noise: share } = signalAndNoise(schedule, 700);
    const truth = { epsilon: noise, sample: clean, v_prediction: clean.map((x, i) => signal * noise[i]! - share * x) }[prediction];
    const recovered = predictOriginal(schedule, truth, addNoise(schedule, clean, noise, 700), 700);
    recovered.forEach((v, i) => expect(Math.abs(v - clean[i]!)).toBeLessThan(2e-6));
  });

  it('names every value of a config that would change the noise and is not supported', () => {
    expect(() =>
      parseNoiseSchedule({
        _class_name: 'EulerDiscreteScheduler',
        beta_schedule: 'cosine',
        use_karras_sigmas: true,
        rescale_betas_zero_snr: true,
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'MODELS_CONFIG',
        message: expect.stringMatching(/beta_schedule.*rescale_betas_zero_snr.*use_karras_sigmas/s) as string,
      }) as Error,
    );
  });

  it('refuses a timestep outside the schedule', () => {
    expect(() => addNoise(sd15, clean, noise, 1000)).toThrow(/timestep: expected a whole number from 0 to 999, got 1000/);
  });
});
