// Trainings that are cancelled, stopped, crashed, extended or lost: what they leave behind, and that they go on bit for bit.
import { input, mseLoss, op, trainStep } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext, type FakeContextOptions, type KeptCheckpoint } from '@facewright/testing';
import { createRng, float32, type Rng } from '@facewright/tensor';
import { averageDecay, learningRateSchedule, shuffledRows } from '@facewright/train';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { resumableRng } from './resumable.ts';
import { runTraining } from './run-training.ts';

const runtime = await createRuntime({ provider: 'cpu' });
afterAll(() => runtime.dispose());

/** On this clock a step takes ten minutes and nothing else takes any time: a checkpoint is due after each. */
let clock = 0;
vi.spyOn(performance, 'now').mockImplementation(() => clock);

interface Attempt extends FakeContextOptions {
  readonly steps?: number;
  readonly extend?: boolean;
  readonly shape?: 'linear' | 'constant';
  readonly width?: number;
  /** After each step, with the number of steps done. */
  readonly after?: (done: number) => void;
  readonly enough?: (done: number) => boolean;
  readonly lostAt?: number;
  /** With a scaled loss, whose gradients overflow at the second step. */
  readonly scaled?: boolean;
  readonly save?: () => Promise<void>;
  /** Called while a batch is completed, with the number of steps done. */
  readonly completing?: (done: number) => void;
}
/** y = x w on noise and shuffled rows, averaged, in two parts a step. */
function attempt({
  steps = 8,
  extend = false,
  shape = 'linear',
  width = 3,
  after,
  enough,
  lostAt,
  scaled = false,
  save,
  completing,
  ...options
}: Attempt = {}) {
  const ctx = createFakeContext({ openSession: runtime.open, ...options });
  const weight = input('weight', 'float32', [width, 1]);
  const [x, y] = [input('x', 'float32', [4, width]), input('y', 'float32', [4, 1])];
  const step = trainStep({
    loss: op.Mul([op.Mul([mseLoss(op.MatMul([x, weight]), y), input('down', 'float32', [])]), input('up', 'float32', [])]),
    scaled,
    parameters: [{ name: 'weight', value: weight, initial: float32([width, 1], new Float32Array(width)) }],
    ema: true,
    accumulate: 2,
  });
  const rng: Rng = createRng(7);
  const rows = shuffledRows(11, rng);
  let looked = 0;
  const looks = {
    save: () => ({ data: looked }),
    restore: ({ data }: { readonly data: unknown }) => {
      looked = data as number;
    },
  };
  const result = runTraining(
    {
      step,
      steps,
      extend,
      learningRate: (of) => learningRateSchedule({ peak: 0.1, steps: of, warmUp: 2, shape }),
      averageDecay: averageDecay(0.9),
      parts: { rng: resumableRng(rng), rows, looks },
      batches: (at) => {
        const targets = rows.next(4).map((row) => (at === lostAt ? Number.NaN : row));
        // 1e34 times the scale of 65536 is beyond float32, 32768 times is not.
        const up = scaled && at === 1 ? 1e34 : 1;
        return {
          x: float32([4, width], rng.normal(4 * width)),
          y: float32([4, 1], targets),
          up: float32([], [up]),
          down: float32([], [1 / up]),
        };
      },
      ...(completing && {
        complete: async (batch) => {
          rng.normal(1);
          completing(looked);
          ctx.signal.throwIfAborted();
          return batch;
        },
      }),
      ...(enough && { enough: () => enough(looked) }),
      onStep: async ({ step: at }) => {
        clock += 600_000;
        looked++;
        ctx.progress(at + 1, steps);
        after?.(at + 1);
      },
    },
    save ? { ...ctx, checkpoint: { ...ctx.checkpoint, save } } : ctx,
  );
  const content = async () => {
    const { state, record, steps: done, extendedAt } = await result;
    const { metrics, seconds } = await record.finish({ method: '', steps: done, settings: {} });
    const curve = new TextDecoder().decode(await ctx.assets.read(metrics));
    return {
      state: Object.fromEntries(Object.entries(state).filter(([name]) => !name.startsWith('sum.'))),
      curve,
      done,
      looked,
      extendedAt,
      seconds,
    };
  };
  return { result, content, said: ctx.said, logs: () => ctx.said.logs.map(({ message }) => message) };
}
const empty = (): KeptCheckpoint => ({ checkpoint: null });

it('goes on after a cancel where it was, to the same numbers, the same curve and the sum of the time', async () => {
  const kept = empty();
  const cancel = new AbortController();
  const first = attempt({ kept, signal: cancel.signal, after: (done) => done === 3 && cancel.abort() });
  await expect(first.result).rejects.toThrow(/abort/i);
  const { content, logs, said } = attempt({ kept });
  expect(await content()).toEqual(await attempt().content());
  expect(logs()).toEqual(['goes on at step 3 of 8']);
  expect(said.progress.map(({ done }) => done)).toEqual([4, 5, 6, 7, 8]);
  expect(said.metrics.filter(({ name }) => name === 'loss').map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect((await content()).curve).toContain('"name":"learning_rate","step":2');
});
it('goes on with the scale of the loss, and with the number of steps that moved nothing', async () => {
  const kept = empty();
  const cancel = new AbortController();
  const first = attempt({ kept, scaled: true, signal: cancel.signal, after: (done) => done === 3 && cancel.abort() });
  await expect(first.result).rejects.toThrow(/abort/i);
  const [again, whole] = [await attempt({ kept, scaled: true }).content(), await attempt({ scaled: true }).content()];
  expect(again).toEqual(whole);
  expect(whole.curve).toContain('"name":"loss_scale","step":7,"value":32768');
  expect(whole.curve).not.toContain('"name":"gradient_norm","step":1,');
});
it('goes on with a scaled loss from a checkpoint of a training without', async () => {
  const kept = empty();
  const cancel = new AbortController();
  await expect(attempt({ kept, signal: cancel.signal, after: (done) => done === 3 && cancel.abort() }).result).rejects.toThrow(/abort/i);
  const { content, logs } = attempt({ kept, scaled: true });
  expect((await content()).curve).toContain('"name":"loss_scale","step":3,"value":65536');
  expect(logs()).toEqual(['goes on at step 3 of 8']);
});
it('loses no step to a cancel while a batch is completed', async () => {
  const kept = empty();
  const cancel = new AbortController();
  const completing = (done: number) => done === 3 && cancel.abort();
  await expect(attempt({ kept, signal: cancel.signal, completing }).result).rejects.toThrow(/abort/i);
  const { content, logs } = attempt({ kept, completing: () => {} });
  expect(await content()).toEqual(await attempt({ completing: () => {} }).content());
  expect(logs()).toEqual(['goes on at step 3 of 8']);
});
it('goes on after a crash from what was saved last', async () => {
  const kept = empty();
  const die = (done: number) => {
    if (done === 5) throw new Error('the power went out');
  };
  await expect(attempt({ kept, after: die }).result).rejects.toThrow('the power went out');
  const { content, logs } = attempt({ kept });
  expect(await content()).toEqual(await attempt().content());
  // The state of step 4 was vouched for by the loss of the fifth step.
  expect(logs()).toEqual(['goes on at step 4 of 8']);
});
it('has nothing left to do when it had finished', async () => {
  const kept = empty();
  const whole = await attempt({ kept }).content();
  const again = attempt({ kept });
  expect(await again.content()).toEqual(whole);
  expect(again.said.progress).toEqual([]);
});
it('shows a long curve again in few points, the last of them included', async () => {
  const kept = empty();
  const whole = attempt({ kept, steps: 1200 });
  await whole.result;
  const again = attempt({ kept, steps: 1200 });
  expect((await again.content()).curve).toBe((await whole.content()).curve);
  const shown = again.said.metrics.filter(({ name }) => name === 'loss').map(({ step }) => step);
  expect([shown.length, shown.at(-1)]).toEqual([400, 1199]);
});

describe('told to stop', () => {
  it('it ends with what it has, says so, and goes on when it is run again', async () => {
    const kept = empty();
    let gates = 0;
    const cut = attempt({ kept, onGate: () => (++gates > 3 ? 'stop' : 'go') });
    expect((await cut.content()).done).toBe(3);
    expect(cut.said.unfinished).toEqual(['3 of 8 steps']);
    const again = attempt({ kept });
    expect(await again.content()).toEqual(await attempt().content());
    expect(again.said.unfinished).toEqual([]);
  });
  it('by itself, early, it has finished', async () => {
    const kept = empty();
    const early = attempt({ kept, enough: (done) => done === 5 });
    expect((await early.content()).done).toBe(5);
    expect(early.said.unfinished).toEqual([]);
    const again = attempt({ kept, enough: (done) => done === 5 });
    expect((await again.content()).done).toBe(5);
  });
});

describe('with more steps than an earlier training', () => {
  const afterFour = async (more: Attempt = {}): Promise<KeptCheckpoint> => {
    const kept = empty();
    await attempt({ ...more, steps: 4, kept }).result;
    return { checkpoint: null, related: kept.checkpoint };
  };
  it('it goes on from its end when the learning rates are those of one training, to the same numbers', async () => {
    const { content, logs } = attempt({ shape: 'constant', kept: await afterFour({ shape: 'constant' }) });
    expect(await content()).toEqual(await attempt({ shape: 'constant' }).content());
    expect(logs()).toEqual(['goes on at step 4 of 8, from what is kept of a training of 4 steps']);
  });
  it('it begins anew when they are not, and says how to go on', async () => {
    const { content, logs } = attempt({ kept: await afterFour() });
    expect(await content()).toEqual(await attempt().content());
    expect(logs()).toEqual([
      'begins anew: what is kept of a training of 4 steps had other learning rates until step 4; switch extend on to go on from it all the same',
    ]);
  });
  it('it goes on all the same when it is asked to extend, and says so for good', async () => {
    const kept = await afterFour();
    const { content, said, logs } = attempt({ extend: true, kept: structuredClone(kept) });
    const whole = await content();
    expect(whole.extendedAt).toEqual([4]);
    expect(said.progress[0]).toEqual({ done: 5, total: 8 });
    expect(logs()).toEqual([
      'goes on at step 4 of 8, from what is kept of a training of 4 steps, whose learning rates were others than those of one of 8',
    ]);
    const cancel = new AbortController();
    await expect(
      attempt({ extend: true, kept, signal: cancel.signal, after: (done) => done === 6 && cancel.abort() }).result,
    ).rejects.toThrow();
    expect(await attempt({ extend: true, kept }).content()).toEqual(whole);
  });
  it('it does not take an extended training for one training', async () => {
    const kept = await afterFour();
    await attempt({ extend: true, kept }).result;
    const { content, logs } = attempt({ kept: { checkpoint: null, related: kept.checkpoint } });
    expect(await content()).toEqual(await attempt().content());
    expect(logs()[0]).toMatch(/^begins anew/);
  });
  it('it does not go back', async () => {
    const { content, logs } = attempt({ steps: 2, extend: true, kept: await afterFour() });
    expect((await content()).done).toBe(2);
    expect(logs()).toEqual(['begins anew: what is kept of a training of 4 steps is at step 4 already, and no training goes back']);
  });
});

it('leaves what is kept of a training with other parameters alone', async () => {
  const kept = empty();
  await attempt({ width: 2, steps: 3, kept }).result;
  const { content, logs } = attempt({ kept });
  expect((await content()).done).toBe(8);
  expect(logs()).toEqual(['checkpoint: expected one of this training, got one with another m.small parameters; begins anew']);
});

describe('a lost loss', () => {
  it('ends the training; the last good state is kept, and the message says how to have it', async () => {
    const kept = empty();
    await expect(attempt({ kept, lostAt: 4 }).result).rejects.toThrow(
      /^loss of step 4: expected a finite number, got NaN\. Likely cause: .*\. The state after 3 steps is kept: with steps 3 and extend on, this node gives the model as it was then$/,
    );
    const saved = attempt({ steps: 3, extend: true, kept: { checkpoint: null, related: kept.checkpoint } });
    const { done, state } = await saved.content();
    expect(done).toBe(3);
    const cancel = new AbortController();
    const other = empty();
    await expect(attempt({ kept: other, signal: cancel.signal, after: (at) => at === 3 && cancel.abort() }).result).rejects.toThrow();
    expect(state['weight']!.data).toEqual(other.checkpoint!.tensors!['state/weight']!.data);
  });
  it('of the first step has nothing to keep', async () => {
    const kept = empty();
    await expect(attempt({ kept, lostAt: 0 }).result).rejects.toThrow(/Likely cause: the model or the pictures that it begins with[^.]*$/);
    expect(kept.checkpoint).toBeNull();
  });
});

it('does not end for a full disk, which it tells once, and at the end again', async () => {
  const { content, logs } = attempt({ save: async () => Promise.reject(new Error('no space left on device')) });
  expect(await content()).toEqual(await attempt().content());
  expect(logs()).toEqual([
    'checkpoint: expected to save it, got Error: no space left on device; the training goes on and tries again',
    'checkpoint: the one on disk is of step 0, as the disk took none since; the training is whole, but can only be extended from there',
  ]);
});
