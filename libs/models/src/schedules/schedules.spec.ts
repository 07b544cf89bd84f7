// Noise schedules against constants of Stable Diffusion, and what their configs may say.
import { describe, expect, it } from 'vitest';
import { hashedTensor } from '../reference/hashed-tensor.ts';
import { createSampler, type SamplerKind } from './sampler.ts';
import { addNoise, parseNoiseSchedule, predictOriginal, sd15SchedulerConfig, signalAndNoise } from './noise-schedule.ts';

const noise = hashedTensor('noise', [1, 4, 2, 2]).data;
const clean = hashedTensor('clean', [1, 4, 2, 2]).data;
const sd15 = parseNoiseSchedule(sd15SchedulerConfig);

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
        thresholding: true,
        use_flow_sigmas: true,
        trained_betas: [0.1, 2],
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'MODELS_CONFIG',
        message: expect.stringMatching(
          /beta_schedule.*trained_betas: expected 1000 numbers.*got 2 values.*thresholding.*use_flow_sigmas/s,
        ) as string,
      }) as Error,
    );
  });

  it('leaves the spacing of the steps to the sampler where the file does not say, as diffusers does', () => {
    const says = (timestep_spacing?: string) =>
      parseNoiseSchedule({ ...sd15SchedulerConfig, ...(timestep_spacing && { timestep_spacing }) });
    const first = (kind: SamplerKind, spacing?: string) => createSampler(kind, says(spacing), 20).timesteps[0];
    expect([first('ddim'), first('euler')]).toEqual([951, 999]);
    expect([first('ddim', 'trailing'), first('euler', 'leading')]).toEqual([999, 951]);
  });
  it.each([
    ['LMSDiscreteScheduler', 0.02],
    ['HeunDiscreteScheduler', 0.012],
    ['EulerAncestralDiscreteScheduler', 0.02],
    ['UniPCMultistepScheduler', 0.02],
    ['DPMSolverSDEScheduler', 0.012],
    ['DPMSolverSinglestepScheduler', 0.02],
    ['LCMScheduler', 0.012],
    ['PNDMScheduler', 0.02],
  ])('reads %s, its defaults, and passes over how it walks', (_class_name, lastBeta) => {
    const schedule = parseNoiseSchedule({
      _class_name,
      use_karras_sigmas: true,
      solver_order: 3,
      solver_type: 'bh1',
      final_sigmas_type: 'sigma_min',
    });
    const [last, before] = [schedule.alphasCumprod.at(-1)!, schedule.alphasCumprod.at(-2)!];
    expect([schedule.spacing, schedule.setAlphaToOne]).toEqual([null, _class_name === 'LCMScheduler']);
    expect(1 - last / before).toBeCloseTo(lastBeta, 9);
  });

  it('takes all signal from the last timestep when asked, and none from the first', () => {
    const { alphasCumprod } = parseNoiseSchedule({ ...sd15SchedulerConfig, rescale_betas_zero_snr: true });
    expect(alphasCumprod.at(-1)).toBe(0);
    expect(alphasCumprod[0]).toBeCloseTo(sd15.alphasCumprod[0]!, 12);
    expect(alphasCumprod[500]).toBeLessThan(sd15.alphasCumprod[500]!);
  });

  it('refuses a timestep outside the schedule', () => {
    expect(() => addNoise(sd15, clean, noise, 1000)).toThrow(/timestep: expected a whole number from 0 to 999, got 1000/);
  });
});
