// Losses and their gradients against torch.autograd; the numbers come from tools/reference/losses.py.
import { buildModel, grad, input, op, type Value } from '@facewright/onnx';
import { createRuntime, type Runtime } from '@facewright/runtime';
import type { Tensor } from '@facewright/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { autoencoderLoss } from './autoencoder-loss.ts';
import { detectorLoss } from './detector-loss.ts';
import { diffusionLoss } from './diffusion-loss.ts';
import { dreamBoothLoss } from './dream-booth-loss.ts';
import { faceLosses, guidanceLoss, squaredDistance, type SnrWeighting } from './guidance-loss.ts';
import type { NoisePredictor } from './noising.ts';
import fixture from '../fixtures/losses.json' with { type: 'json' };
import { perSample } from './per-sample.ts';
import { dpoLoss, spinLoss, type PreferenceInputs } from './preference-loss.ts';
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

  describe.each(['epsilon', 'v_prediction', 'sample'] as const)('of a model that predicts %s', (predicts) => {
    const preference = (inputs: Inputs): PreferenceInputs & { readonly badNoise: Value } => {
      const { diffusionDraw: _draw, ...rest } = guidanceInputs(inputs);
      return { ...rest, badNoise: inputs['bad_noise']!, predicts };
    };
    it('fine-tuning with a prior and min-SNR weights', async () => {
      const errors = await errorsOf(`dream_booth_${predicts}`, (inputs) => {
        const { good, bad, draw, trained } = guidanceInputs(inputs);
        const prior = { latents: bad, draw: { ...draw, noise: inputs['bad_noise']! }, trained, weight: 0.7 };
        return dreamBoothLoss({ latents: good, draw, trained }, prior, { minSnrGamma: 5, predicts }).loss;
      });
      expectAllBelow(errors, 1e-5);
    });
    it('guidance loss that weighs places', async () => {
      const errors = await errorsOf(`guidance_places_${predicts}`, (inputs) =>
        guidanceLoss({ ...guidanceInputs(inputs), predicts, distance: squaredDistance(inputs['places']!) }, { kind: 'min-snr', gamma: 5 }),
      );
      expectAllBelow(errors, 1e-5);
    });
    it.each(['authors', 'diffusers'] as const)('Diffusion-DPO in the form of %s', async (form) => {
      const errors = await errorsOf(`dpo_${form}_${predicts}`, (inputs) => {
        const { badNoise: _noise, ...pair } = preference(inputs);
        return dpoLoss(pair, { beta: 1.4, form }).loss;
      });
      expectAllBelow(errors, 1e-5);
    });
    it('SPIN', async () => {
      const errors = await errorsOf(`spin_${predicts}`, (inputs) => spinLoss(preference(inputs), { beta: 1.4 }).loss);
      expectAllBelow(errors, 1e-5);
    });
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

describe('preference losses', () => {
  const shape = [2, 1, 1, 1];
  const value = (name: string, dims: readonly number[]) => input(name, 'float32', dims);
  const [good, bad, noise] = ['good', 'bad', 'noise'].map((name) => value(name, shape)) as [Value, Value, Value];
  const draw = { noise, timestep: value('timestep', [2]), alphaBar: value('alpha_bar', [2]) };
  const inputs = { good, bad, draw, frozen: predictor(value('frozen', [1, 1, 1, 1])), trained: predictor(value('trained', [1, 1, 1, 1])) };
  const of = (dims: readonly number[], ...data: number[]): Tensor => ({ dtype: 'float32', dims, data: Float32Array.from(data) });

  it('begin at log 2, with no pair won', async () => {
    const { loss, accuracy } = dpoLoss(inputs, { beta: 5000, form: 'authors' });
    const session = await runtime.open(buildModel({ loss, accuracy }));
    const same = of([1, 1, 1, 1], 0.7);
    const results = await session.run({
      good: of(shape, 1, 2),
      bad: of(shape, -1, 0.5),
      noise: of(shape, 0.3, -1),
      timestep: of([2], 0, 0),
      alpha_bar: of([2], 0.5, 0.5),
      frozen: same,
      trained: same,
    });
    await session.release();
    expect(results['loss']!.data[0]).toBeCloseTo(Math.LN2, 6);
    expect(results['accuracy']!.data[0]).toBe(0);
  });

  it('count as won the pairs whose good picture gained more', async () => {
    // noise 0 and abar 1/2: the errors are those of weight x latents / sqrt 2; a smaller weight gains most on the larger latents
    const session = await runtime.open(buildModel({ accuracy: dpoLoss(inputs, { beta: 1, form: 'diffusers' }).accuracy }));
    const { accuracy } = await session.run({
      good: of(shape, 2, 0.1),
      bad: of(shape, 0.1, 2),
      noise: of(shape, 0, 0),
      timestep: of([2], 0, 0),
      alpha_bar: of([2], 0.5, 0.5),
      frozen: of([1, 1, 1, 1], 0.9),
      trained: of([1, 1, 1, 1], 0.5),
    });
    await session.release();
    expect(accuracy!.data[0]).toBe(0.5);
  });

  it('refuse a beta that is not above 0, and latents of different shapes', () => {
    expect(() => dpoLoss(inputs, { beta: 0, form: 'authors' })).toThrow(/beta: expected a finite number above 0, got 0/);
    expect(() => dpoLoss({ ...inputs, bad: value('bad', [2, 1, 1, 2]) }, { beta: 1, form: 'authors' })).toThrow(
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
