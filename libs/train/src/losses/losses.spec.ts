// Losses and their gradients against torch.autograd; the numbers come from tools/reference/losses.py.
import { buildModel, grad, input, op, type Value } from '@facewright/onnx';
import { createRuntime, type Runtime } from '@facewright/runtime';
import type { Tensor } from '@facewright/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { autoencoderLoss } from './autoencoder-loss.ts';
import { detectorLoss } from './detector-loss.ts';
import { diffusionLoss } from './diffusion-loss.ts';
import { faceLosses, guidanceLoss, type NoisePredictor, type SnrWeighting } from './guidance-loss.ts';
import fixture from '../fixtures/losses.json' with { type: 'json' };
import { perSample } from './per-sample.ts';
import { rankingAccuracy, rankingLoss } from './ranking-loss.ts';

interface Stored {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Stored>>;
}
const cases = fixture.cases as unknown as Readonly<Record<keyof typeof fixture.cases, Case>>;
const tensorOf = ({ dims, data }: Stored): Tensor => ({ dtype: 'float32', dims, data: Float32Array.from(data) });

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.dispose());

type Inputs = Readonly<Record<string, Value>>;

/** The loss that `build` makes of the case's inputs and its gradients, each with its relative error in the Euclidean norm. */
async function errorsOf(name: keyof typeof cases, build: (inputs: Inputs) => Value): Promise<Record<string, number>> {
  const { inputs, loss, gradients } = cases[name];
  const values = Object.fromEntries(Object.entries(inputs).map(([key, { dims }]) => [key, input(key, 'float32', dims)]));
  const built = build(values);
  const wanted = Object.keys(gradients);
  const outputs = {
    loss: built,
    ...Object.fromEntries(
      grad(
        built,
        wanted.map((key) => values[key]!),
      ).map((g, i) => [`d_${wanted[i]!}`, g]),
    ),
  };
  const session = await runtime.open(buildModel(outputs));
  const feeds = Object.fromEntries(session.inputs.map(({ name: key }) => [key, tensorOf(inputs[key]!)]));
  const results = await session.run(feeds);
  await session.release();
  const distance = (got: ArrayLike<number>, want: readonly number[]) =>
    Math.hypot(...want.map((w, i) => got[i]! - w)) / Math.hypot(...want);
  return {
    loss: distance(results['loss']!.data as Float32Array, [loss]),
    ...Object.fromEntries(wanted.map((key) => [key, distance(results[`d_${key}`]!.data as Float32Array, gradients[key]!.data)])),
  };
}

function expectAllBelow(errors: Readonly<Record<string, number>>, tolerance: number): void {
  for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(tolerance);
}

/** The stand-in for a U-Net in the reference script: weight times noisy latents, plus the time in thousands. */
const predictor =
  (weight: Value): NoisePredictor =>
  (noisy, timestep) =>
    op.Add([op.Mul([weight, noisy]), op.Div([perSample(timestep, 4), 1000])]);

const guidanceInputs = ({ good, bad, noise, alpha_bar: alphaBar, timestep, frozen, trained }: Inputs) => {
  const draw = { noise: noise!, timestep: timestep!, alphaBar: alphaBar! };
  return { good: good!, bad: bad!, draw, diffusionDraw: draw, frozen: predictor(frozen!), trained: predictor(trained!) };
};
const weightings: Readonly<Record<string, SnrWeighting>> = {
  none: { kind: 'none' },
  snr: { kind: 'snr' },
  min_snr: { kind: 'min-snr', gamma: 5 },
};

describe('losses agree with torch, values and gradients, to a relative 1e-5', () => {
  it('diffusion loss, plain and with min-SNR weights', async () => {
    expectAllBelow(
      await errorsOf('diffusion', ({ prediction, noise, alpha_bar }) =>
        diffusionLoss({ prediction: prediction!, noise: noise!, alphaBar: alpha_bar! }),
      ),
      1e-5,
    );
    expectAllBelow(
      await errorsOf('diffusion_min_snr', ({ prediction, noise, alpha_bar }) =>
        diffusionLoss({ prediction: prediction!, noise: noise!, alphaBar: alpha_bar! }, { minSnrGamma: 5 }),
      ),
      1e-5,
    );
  });

  it.each(Object.entries(weightings))('guidance loss with weighting %s', async (name, weighting) => {
    expectAllBelow(
      await errorsOf(`guidance_${name}` as keyof typeof cases, (inputs) => guidanceLoss(guidanceInputs(inputs), weighting)),
      1e-5,
    );
  });

  it('guidance and diffusion loss, weighted and added', async () => {
    expectAllBelow(
      await errorsOf(
        'face',
        (inputs) => faceLosses(guidanceInputs(inputs), { guidance: 0.7, diffusion: 1.5, weighting: { kind: 'min-snr', gamma: 5 } }).loss,
      ),
      1e-5,
    );
  });

  it('ranking loss', async () => {
    expectAllBelow(await errorsOf('ranking', ({ good, bad }) => rankingLoss(good!, bad!)), 1e-5);
  });

  it('autoencoder loss', async () => {
    expectAllBelow(
      await errorsOf(
        'autoencoder',
        ({ picture, reconstruction, mean, logvar }) =>
          autoencoderLoss({ picture: picture!, reconstruction: reconstruction!, mean: mean!, logvar: logvar! }, { kl: 0.01, edges: 0.5 })
            .loss,
      ),
      1e-5,
    );
  });

  it('detector loss', async () => {
    expectAllBelow(
      await errorsOf('detector', ({ cls, obj, bbox, kps, positive, bbox_target, kps_target }) =>
        detectorLoss(
          { cls: cls!, obj: obj!, bbox: bbox!, kps: kps! },
          { positive: positive!, bbox: bbox_target!, kps: kps_target! },
          { box: 2, points: 0.5 },
        ),
      ),
      1e-5,
    );
  });

  it('would notice a guidance loss that is one percent off', async () => {
    const errors = await errorsOf('guidance_none', (inputs) => op.Mul([guidanceLoss(guidanceInputs(inputs), { kind: 'none' }), 1.01]));
    expect(errors['loss']).toBeGreaterThan(1e-3);
  });
});

describe('faceLosses', () => {
  const value = (name: string, dims: readonly number[]) => input(name, 'float32', dims);
  const shape = [1, 2, 4, 4];
  const draw = { noise: value('noise', shape), timestep: value('timestep', [1]), alphaBar: value('alpha_bar', [1]) };
  const weight = value('weight', [1, 2, 1, 1]);
  const inputs = {
    good: value('good', shape),
    bad: value('bad', shape),
    draw,
    diffusionDraw: draw,
    frozen: predictor(weight),
    trained: predictor(weight),
  };

  it('leaves a term of weight 0 out of the graph', () => {
    const guidance = faceLosses(inputs, { guidance: 1, diffusion: 0, weighting: { kind: 'none' } });
    expect(guidance.diffusion).toBeNull();
    const plain = faceLosses(inputs, { guidance: 0, diffusion: 1, weighting: { kind: 'none' } });
    expect(plain.guidance).toBeNull();
    expect(buildModel({ loss: plain.loss }).inputs.map(({ name }) => name)).not.toContain('bad');
  });

  it('reports all weights that make no sense at once', () => {
    expect(() => faceLosses(inputs, { guidance: -1, diffusion: Number.NaN, weighting: { kind: 'min-snr', gamma: 0 } })).toThrow(
      /guidance: .*\n.*diffusion: .*\n.*gamma: /,
    );
  });

  it('refuses latents of different shapes', () => {
    expect(() => guidanceLoss({ ...inputs, bad: value('bad', [1, 2, 4, 5]) }, { kind: 'none' })).toThrow(
      expect.objectContaining({ code: 'TRAIN_SHAPE' }),
    );
  });
});

describe('rankingAccuracy', () => {
  it('counts a tie as wrong', async () => {
    const [good, bad] = [input('good', 'float32', [4]), input('bad', 'float32', [4])];
    const session = await runtime.open(buildModel({ accuracy: rankingAccuracy(good, bad) }));
    const of = (...data: number[]): Tensor => ({ dtype: 'float32', dims: [4], data: Float32Array.from(data) });
    const { accuracy } = await session.run({ good: of(1, 2, 3, 4), bad: of(0, 2, 5, 3) });
    await session.release();
    expect([...(accuracy!.data as Float32Array)]).toEqual([0.5]);
  });
});
