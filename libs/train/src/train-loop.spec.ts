// The training loop: it learns, stops between steps, and notices a lost loss.
import { input, mseLoss, op, trainStep, type Value } from '@facewright/onnx';
import { createRuntime, type Runtime } from '@facewright/runtime';
import { createRng, float32, type Tensor, type Tensors } from '@facewright/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { averageDecay } from './average-decay.ts';
import { learningRateSchedule } from './learning-rate.ts';
import { createLossScaler } from './loss-scaler.ts';
import { trainLoop, type SessionFactory, type TrainLoopOptions } from './train-loop.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.dispose());

const session: SessionFactory = (_key, model, options) => runtime.open(model, options);
const truth = [2, -1, 0.5];
const bias = 0.25;

/** y = x w + b on 16 random rows a step, with the truth above. */
function regression({ ema = false, accumulate = 1 } = {}): Pick<TrainLoopOptions, 'session' | 'key' | 'step' | 'batches'> {
  const weight: Value = input('weight', 'float32', [3, 1]);
  const offset: Value = input('bias', 'float32', [1]);
  const [x, y] = [input('x', 'float32', [16, 3]), input('y', 'float32', [16, 1])];
  const step = trainStep({
    loss: mseLoss(op.Add([op.MatMul([x, weight]), offset]), y),
    parameters: [
      { name: 'weight', value: weight, initial: float32([3, 1], [0, 0, 0]) },
      { name: 'bias', value: offset, initial: float32([1], [0]) },
    ],
    optimiser: { weightDecay: 0 },
    ema,
    accumulate,
  });
  const rng = createRng(3);
  const batches = (): Tensors => {
    const rows = rng.normal(48);
    const targets = Float32Array.from({ length: 16 }, (_, i) => truth.reduce((sum, w, k) => sum + w * rows[i * 3 + k]!, bias));
    return { x: float32([16, 3], rows), y: float32([16, 1], targets) };
  };
  return { session, key: 'regression', step, batches };
}
const numbers = (tensor: Tensor | undefined): number[] => [...(tensor!.data as Float32Array)];

describe('trainLoop', () => {
  it('finds the weights of a linear regression to 0.01', async () => {
    const losses: number[] = [];
    const steps = 300;
    const rate = learningRateSchedule({ peak: 0.05, steps, shape: 'cosine' });
    const {
      state,
      steps: done,
      stopped,
    } = await trainLoop({ ...regression(), steps, learningRate: rate, onStep: ({ loss }) => void losses.push(loss) });
    expect([done, stopped]).toEqual([steps, false]);
    expect(losses).toHaveLength(steps);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 1e4);
    numbers(state['weight']).forEach((value, i) => expect(Math.abs(value - truth[i]!)).toBeLessThan(0.01));
    expect(Math.abs(numbers(state['bias'])[0]! - bias)).toBeLessThan(0.01);
  });

  it('stops between steps when the signal is aborted and returns the state of the last whole step', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const result = await trainLoop({
      ...regression(),
      steps: 100,
      learningRate: () => 0.05,
      signal: stop.signal,
      onStep: ({ step }) => {
        seen.push(step);
        if (step === 6) stop.abort();
      },
    });
    expect(result).toMatchObject({ steps: 7, stopped: true });
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(numbers(result.state['weight'])).not.toEqual([0, 0, 0]);
  });

  it('goes on from a state as if it had never stopped', async () => {
    const whole = await trainLoop({ ...regression(), steps: 20, learningRate: () => 0.05 });
    const made = regression();
    const half = await trainLoop({ ...made, steps: 8, learningRate: () => 0.05 });
    const state = made.step.state.map((entry) => ({ ...entry, initial: half.state[entry.input]! }));
    const rest = await trainLoop({ ...made, step: { ...made.step, state }, firstStep: 8, steps: 20, learningRate: () => 0.05 });
    expect(numbers(rest.state['weight'])).toEqual(numbers(whole.state['weight']));
  });

  it('reports a loss that is not finite with its step and a likely cause, and keeps no state that no finite loss has vouched for', async () => {
    const made = regression();
    const kept: number[] = [];
    const copied: number[] = [];
    const broken: TrainLoopOptions = {
      ...made,
      steps: 30,
      keep: {
        due: () => true,
        copy(done, state) {
          copied.push(done);
          expect(numbers(state['weight']).every(Number.isFinite)).toBe(true);
          return async () => void kept.push(done);
        },
      },
      learningRate: () => 0.05,
      batches: (step) =>
        step === 12
          ? { ...(made.batches(step) as Tensors), y: float32([16, 1], new Float32Array(16).fill(Number.NaN)) }
          : made.batches(step),
    };
    await expect(trainLoop(broken)).rejects.toMatchObject({
      code: 'TRAIN_NOT_FINITE',
      message: expect.stringMatching(
        /^loss of step 12: expected a finite number, got NaN\. Likely cause: the learning rate, 0\.05 here/,
      ) as string,
    });
    expect(copied.at(-1)).toBe(12);
    expect(kept).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('says so when it was gradients that ran away', async () => {
    const made = regression();
    const running = trainLoop({
      ...made,
      steps: 30,
      learningRate: () => 0.05,
      batches: (step) => {
        const batch = made.batches(step) as Tensors;
        const grown = step < 10 ? 1 : step === 10 ? 1e6 : Number.NaN;
        return {
          ...batch,
          y: float32(
            [16, 1],
            (batch['y'] as Tensor<'float32'>).data.map((value) => value * grown),
          ),
        };
      },
    });
    await expect(running).rejects.toThrow(/step 11: .* the gradients ran away, from a usual norm of [\d.]+ to [\d.e+]+: the learning rate/);
  });

  it('takes a gradient that is not finite for a lost loss, before it reaches the parameters for good', async () => {
    const value: Value = input('weight', 'float32', [1]);
    // The square root of zero has no finite slope: the loss is 0 and its gradient is not a number.
    const step = trainStep({
      loss: op.Sqrt([op.Mul([value, value])]),
      parameters: [{ name: 'weight', value, initial: float32([1], [0]) }],
    });
    await expect(trainLoop({ session, key: 'root', step, batches: () => ({}), steps: 3, learningRate: () => 0.1 })).rejects.toThrow(
      /gradient norm of step 0: expected a finite number, got NaN/,
    );
  });

  it('asks before every step whether to go on', async () => {
    const asked: number[] = [];
    const result = await trainLoop({
      ...regression(),
      steps: 10,
      learningRate: () => 0.05,
      between: async (done, readState) => {
        asked.push(done);
        expect(numbers((await readState())['weight'])).toHaveLength(3);
        return done === 3 ? 'stop' : 'go';
      },
    });
    expect(asked).toEqual([0, 1, 2, 3]);
    expect(result).toMatchObject({ steps: 3, stopped: true });
  });

  it('completes a batch from the parameters as they are, for every batch of a step', async () => {
    const seen: number[][] = [];
    const made = regression({ accumulate: 2 });
    const result = await trainLoop({
      ...made,
      steps: 2,
      learningRate: () => 0.05,
      async complete(batch, readState) {
        const state = await readState(['weight']);
        expect(Object.keys(state)).toEqual(['weight']);
        seen.push(numbers(state['weight']));
        return batch;
      },
    });
    expect(seen).toHaveLength(4);
    expect(seen[0]).toEqual([0, 0, 0]);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).not.toEqual(seen[1]);
    expect(numbers(result.state['weight'])).not.toEqual(seen[3]);
  });

  it('keeps averages that trail behind the weights', async () => {
    const { state } = await trainLoop({
      ...regression({ ema: true }),
      steps: 40,
      learningRate: () => 0.05,
      averageDecay: averageDecay(0.95),
    });
    const [weight, average] = [numbers(state['weight'])[0]!, numbers(state['ema.weight'])[0]!];
    expect(average).toBeGreaterThan(0);
    expect(average).toBeLessThan(weight);
  });

  it('moves as with a large batch when gradients of its parts are averaged', async () => {
    const rows = createRng(5).normal(6 * 48);
    const train = async (parts: number) => {
      const size = 16 / parts;
      const [weight, x, y] = [input('weight', 'float32', [3, 1]), input('x', 'float32', [size, 3]), input('y', 'float32', [size, 1])];
      const step = trainStep({
        loss: mseLoss(op.MatMul([x, weight]), y),
        parameters: [{ name: 'weight', value: weight, initial: float32([3, 1], [0, 0, 0]) }],
        maxGradientNorm: 0.5,
        ema: true,
        accumulate: parts,
      });
      let run = 0;
      const batches = (): Tensors => {
        const part = rows.slice(run * size * 3, ++run * size * 3);
        const targets = Float32Array.from({ length: size }, (_, i) => truth.reduce((sum, w, k) => sum + w * part[i * 3 + k]!, bias));
        return { x: float32([size, 3], part), y: float32([size, 1], targets) };
      };
      const reports: number[][] = [];
      const { state } = await trainLoop({
        session,
        key: 'parts',
        step,
        batches,
        steps: 6,
        learningRate: () => 0.05,
        averageDecay: averageDecay(0.5),
        onStep: ({ loss, metrics }) => void reports.push([loss, metrics['gradient_norm']!]),
      });
      return [...numbers(state['weight']), ...numbers(state['ema.weight']), ...reports.flat()];
    };
    const [whole, parts] = [await train(1), await train(4)];
    // the same sums in another order
    whole.forEach((value, i) => expect(Math.abs(parts[i]! - value)).toBeLessThan(1e-5));
  });

  /** Steps of a regression whose loss is times `down` and `up`: where these are 1e-34 and 1e34, the pass back overflows float32 at a loss scale of 65536 and not at 32768. */
  const scaledRegression = async (
    overflows: readonly number[],
    { scaled = true, accumulate = 1, without = [] }: { scaled?: boolean; accumulate?: number; without?: readonly number[] } = {},
  ) => {
    const [weight, x, y] = [input('weight', 'float32', [3, 1]), input('x', 'float32', [16, 3]), input('y', 'float32', [16, 1])];
    const error = mseLoss(op.MatMul([x, weight]), y);
    const step = trainStep({
      loss: op.Mul([op.Mul([error, input('down', 'float32', [])]), input('up', 'float32', [])]),
      parameters: [{ name: 'weight', value: weight, initial: float32([3, 1], [0, 0, 0]) }],
      maxGradientNorm: 0.5,
      ema: true,
      accumulate,
      scaled,
    });
    const all = Array.from({ length: 8 }, (_, at) =>
      Array.from({ length: accumulate }, (__, part) => {
        const rng = createRng(10 * at + part);
        // overflows in the first of the parts
        const up = overflows.includes(at) && part === 0 ? 1e34 : 1;
        const batch = { x: float32([16, 3], rng.normal(48)), y: float32([16, 1], rng.normal(16)) };
        return { ...batch, up: float32([], [up]), down: float32([], [1 / up]) };
      }),
    );
    const parts = all.filter((_, at) => !without.includes(at)).flat();
    let run = 0;
    const reports: Readonly<Record<string, number>>[] = [];
    const { state } = await trainLoop({
      session,
      key: 'scaled',
      step,
      batches: () => parts[run++]!,
      steps: parts.length / accumulate,
      learningRate: () => 0.05,
      averageDecay: () => 0.9,
      ...(scaled && { scaler: createLossScaler() }),
      onStep: ({ metrics }) => void reports.push(metrics),
    });
    return { state, reports };
  };

  it.each([1, 2])('moves as without a scale when the loss is scaled, with gradients of %i runs', async (accumulate) => {
    const [scaled, plain] = [await scaledRegression([], { accumulate }), await scaledRegression([], { accumulate, scaled: false })];
    // The scale is a power of two, so that not even the last bit changes.
    expect(scaled.state).toEqual(plain.state);
    expect(scaled.reports.map(({ gradient_norm }) => gradient_norm)).toEqual(plain.reports.map(({ gradient_norm }) => gradient_norm));
    expect(scaled.reports.every(({ loss_scale }) => loss_scale === 65_536)).toBe(true);
  });

  it.each([1, 2])('a step whose gradients overflow changes nothing and halves the scale, with gradients of %i runs', async (accumulate) => {
    const { state, reports } = await scaledRegression([3], { accumulate });
    expect(reports.map(({ loss_scale }) => loss_scale)).toEqual([65_536, 65_536, 65_536, 65_536, 32_768, 32_768, 32_768, 32_768]);
    expect(reports.map((metrics) => 'gradient_norm' in metrics)).toEqual([true, true, true, false, true, true, true, true]);
    // as if there had been no such step: moments and their correction included
    expect(state).toEqual((await scaledRegression([], { accumulate, scaled: false, without: [3] })).state);
  });

  it('gives up on gradients that no scale makes finite, and says what may help', async () => {
    const value: Value = input('weight', 'float32', [1]);
    const step = trainStep({
      loss: op.Sqrt([op.Mul([value, value])]),
      parameters: [{ name: 'weight', value, initial: float32([1], [0]) }],
      scaled: true,
    });
    const options = { session, key: 'root', step, batches: () => ({}), steps: 100, learningRate: () => 0.1 };
    await expect(trainLoop({ ...options, scaler: createLossScaler() })).rejects.toThrow(
      /^gradient norm of step 32: expected a finite number, got NaN\..* choose precision float32$/,
    );
    await expect(trainLoop(options)).rejects.toMatchObject({ code: 'TRAIN_SETTINGS' });
  });

  it('asks for a decay when the step keeps averages', async () => {
    await expect(trainLoop({ ...regression({ ema: true }), steps: 1, learningRate: () => 0.05 })).rejects.toMatchObject({
      code: 'TRAIN_SETTINGS',
    });
  });
});
