// Diffusion trainings that are cancelled or stopped: what they leave behind, and that they go on bit for bit.
import type { Model, NodeContext, PairSet } from '@facewright/core';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext, type FakeContextOptions, type KeptCheckpoint } from '@facewright/testing';
import { readSafetensorsHeader, readTensors } from '@facewright/weights';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './guidance-loss.ts';
import { tinyPicture, tinyTraining } from './testing/tiny-training.ts';

const runtime = await createRuntime({ provider: 'cpu', optimise: false });
const shared = createFakeContext({ openSession: runtime.open });
let model: Model<'diffusion'>;
let pairs: PairSet;
beforeAll(async () => {
  const folder = join(shared.folder(), 'tiny');
  await writeTinyModels(folder);
  model = (await tinyHandles(folder, shared)).diffusion;
  const write = (seed: number) => shared.images.write(tinyPicture(seed), { key: `k${seed}`, caption: 'a face' });
  pairs = {
    pairs: await Promise.all(
      [0, 1, 2].map(async (i) => ({ key: `p${i}`, caption: 'a man', good: await write(2 * i), bad: await write(2 * i + 1), boxes: [] })),
    ),
    manifest: {},
  };
});
afterAll(async () => {
  await shared.close();
  await runtime.dispose();
});
const settings = {
  ...tinyTraining,
  steps: 8,
  learningRate: 1e-2,
  warmUp: 2,
  accumulate: 2,
  emaDecay: 0.9,
  guidanceWeight: 1,
  diffusionWeight: 1,
  tMin: 400,
  tMax: 1000,
  snrWeighting: 'min-snr',
  snrGamma: 5,
  faceWeight: 1,
} as const;
type Settings = {
  readonly [K in keyof typeof settings]: (typeof settings)[K] extends number
    ? number
    : (typeof settings)[K] extends boolean
      ? boolean
      : string;
};

/** One run of the node: pictures and weights are those of all, the rest is its own. */
function attempt(
  more: Partial<Settings>,
  options: FakeContextOptions & { readonly after?: (done: number) => void } = {},
  change: Partial<NodeContext> = {},
) {
  const own = createFakeContext({ openSession: runtime.open, ...options });
  const ctx: NodeContext = {
    ...own,
    assets: shared.assets,
    images: shared.images,
    progress(done, total) {
      own.progress(done, total);
      options.after?.(done);
    },
    ...change,
  };
  const result = run({ ...settings, ...more, model, pairs } as Parameters<typeof run>[0], ctx).finally(() => own.close());
  return { result, said: own.said, logs: () => own.said.logs.map(({ message }) => message) };
}
type Result = Awaited<ReturnType<typeof run>>;
/** Every trained number and every point of the curve. */
async function contentOf({ model: tuned, training }: Result) {
  const file = tuned.loras[0]?.weights ?? tuned.components['unet']!.weights!;
  const weights = await readTensors((await readSafetensorsHeader(await shared.assets.file(file))).tensors);
  return {
    weights: [...weights].map(([name, { data }]) => [name, data]),
    curve: new TextDecoder().decode(await shared.assets.read(training.metrics)),
  };
}
const cancelledAt = async (at: number, more: Partial<Settings> = {}): Promise<KeptCheckpoint> => {
  const kept: KeptCheckpoint = { checkpoint: null };
  const cancel = new AbortController();
  const { result } = attempt(more, { kept, signal: cancel.signal, after: (done) => done === at && cancel.abort() });
  await expect(result).rejects.toThrow(/abort/i);
  return kept;
};
describe.each([
  { mode: 'full' },
  { mode: 'lora' },
  { mode: 'full', emaDecay: 0, accumulate: 1, schedule: 'cosine' },
  { mode: 'lora', precision: 'float16' },
] as const)('a training, %o,', (more) => {
  it('that was cancelled goes on at the step it reached, to the same numbers as one that was not', async () => {
    const whole = await contentOf(await attempt(more).result);
    const { result, said, logs } = attempt(more, { kept: await cancelledAt(3, more) });
    expect(await contentOf(await result)).toEqual(whole);
    expect(logs()).toEqual(['goes on at step 3 of 8']);
    expect(said.progress.map(({ done }) => done)).toEqual([4, 5, 6, 7, 8]);
    // The curve until then is shown again.
    expect(said.metrics.filter(({ name }) => name === 'loss').map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

it('a cancel in the middle of a preview loses no step', async () => {
  const kept: KeptCheckpoint = { checkpoint: null };
  const cancel = new AbortController();
  const more = { previewPrompt: 'a man' };
  const { result } = attempt(
    more,
    { kept, signal: cancel.signal },
    { metric: (name, step) => (name === 'gradient_norm' && step === 2 ? cancel.abort() : undefined) },
  );
  await expect(result).rejects.toThrow(/abort/i);
  expect(kept.checkpoint!.data).toMatchObject({ done: 3 });
});

describe('a training that is told to stop', () => {
  it('gives the model as it is, says that it is not finished, and goes on when it is run again', async () => {
    const kept: KeptCheckpoint = { checkpoint: null };
    let gates = 0;
    const { result, said } = attempt({}, { kept, onGate: () => (++gates > 3 ? 'stop' : 'go') });
    const { training } = await result;
    expect(training).toMatchObject({ steps: 3 });
    expect(said.unfinished).toEqual(['3 of 8 steps']);
    const short = await contentOf(await result);
    const whole = await contentOf(await attempt({}).result);
    expect(short.weights).not.toEqual(whole.weights);
    const again = attempt({}, { kept });
    expect(await contentOf(await again.result)).toEqual(whole);
    expect(again.said.unfinished).toEqual([]);
  });
  it('before its first step gives the model it began with', async () => {
    const { result } = attempt({ mode: 'full', emaDecay: 0 }, { onGate: () => 'stop' });
    const { model: same, training } = await result;
    expect(training.steps).toBe(0);
    const read = async (handle: Model) =>
      readTensors((await readSafetensorsHeader(await shared.assets.file(handle.components['unet']!.weights!))).tensors);
    expect((await read(same)).get('conv_out.weight')!.data).toEqual((await read(model)).get('conv_out.weight')!.data);
  });
});
