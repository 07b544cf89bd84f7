import type { CodedError } from '@facewright/tensor';
import { float32, type RunnableModel, type Session, type Tensors } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { err } from './errors.ts';
import { regionsOf, unionBytes } from './file-regions.ts';
import { measureMemory, ownMemory, takePeakMemory, unmeasured, type Measure } from './measure-memory.ts';
import { memoryBudget, parseMemory } from './memory-budget.ts';
import { createSessionCache, type SessionCacheOptions } from './session-cache.ts';

const MB = 2 ** 20;
const model = (file: string, from: number, to: number): RunnableModel => ({
  bytes: new Uint8Array(),
  inputs: [],
  outputs: [],
  files: [{ location: file, path: `/models/${file}`, regions: [[from * MB, to * MB]] }],
  memory: [],
});
const code = (name: string, message: string) =>
  expect.objectContaining({ code: name, message: expect.stringContaining(message) as string });

/** A cache whose sessions are only counted; `fail` may throw at a run or an opening. */
function watched(
  megabytes: number,
  { firm = true, ...options }: Partial<SessionCacheOptions> & { firm?: boolean; fail?: (what: string) => void } = {},
) {
  const open: string[] = [];
  const said: string[] = [];
  const happened: string[] = [];
  const cache = createSessionCache({
    budget: { bytes: megabytes * MB, firm },
    limit: 100,
    sizeOf: async ({ files }) => ({ shared: regionsOf(files, () => 0), own: 0 }),
    measure: unmeasured,
    log: (message) => said.push(message),
    async open({ files: [file] }) {
      const name = file!.location;
      happened.push(`open ${name}`);
      options.fail?.(`open ${name}`);
      open.push(name);
      return {
        inputs: [],
        outputs: [],
        async run() {
          happened.push(`run ${name}`);
          options.fail?.(`run ${name}`);
          return {} as Tensors;
        },
        readState: async () => ({}),
        release: async () => void open.splice(open.indexOf(name), 1),
      } satisfies Session;
    },
    ...options,
  });
  return { cache, open, said, happened };
}
/** Fails `times` times. */
const failing = (what: string, times: number, cause: CodedError) => (now: string) => {
  if (now === what && times-- > 0) throw cause;
};

describe('sessions within a budget of memory', () => {
  it('stay open while they fit, and leave least recently used first for one that does not', async () => {
    const { cache, open, said } = watched(100);
    await cache.get('text:1', () => model('text', 0, 20));
    const vae = await cache.get('vae:1', () => model('vae', 0, 20));
    await cache.get('unet:1', () => model('unet', 0, 60));
    expect(open).toEqual(['text', 'vae', 'unet']);
    await (await cache.get('text:1', () => model('text', 0, 20))).run({});
    await cache.get('other:1', () => model('other', 0, 15));
    expect(open).toEqual(['text', 'unet', 'other']);
    expect(said).toEqual(['memory: closed vae of vae to make room for other of other, which takes 15 MB; open models may take 100 MB']);
    await vae.run({});
    expect(open).toEqual(['text', 'other', 'vae']);
  });
  it('count what they read of one file once', async () => {
    const { cache, open } = watched(100);
    await cache.get('unet:small', () => model('file', 0, 60));
    await cache.get('unet:large', () => model('file', 0, 60));
    await cache.get('vae:1', () => model('file', 55, 100));
    expect(open).toEqual(['file', 'file', 'file']);
    await cache.get('x:1', () => model('x', 0, 1));
    expect(open).toEqual(['file', 'file', 'x']);
  });
  it('refuse a model that cannot fit alone when the budget is the wish of the user, naming model, need and budget', async () => {
    const { cache, open } = watched(100);
    await cache.get('text:1', () => model('text', 0, 20));
    await expect(cache.get('unet:1', () => model('unet', 0, 200))).rejects.toEqual(
      code('RUNTIME_MEMORY', 'model unet of unet: expected to fit in 100 MB of memory, got a need of 200 MB'),
    );
    expect(open).toEqual(['text']);
  });
  it('try a model that seems too large when the budget was guessed, and say so once', async () => {
    const { cache, said } = watched(100, { firm: false });
    const unet = await cache.get('unet:1', () => model('unet', 0, 200));
    await unet.run({});
    expect(said).toEqual(['memory: unet of unet takes about 200 MB, and open models may take 100 MB; it is tried all the same']);
  });
  it('make room for what a run took before, remembered by the shapes it was fed', async () => {
    let peak = 0;
    const measure: Measure = async (work) => ({ result: await work(), kept: 0, peak: peak * MB });
    const { cache, open } = watched(100, { measure });
    await cache.get('text:1', () => model('text', 0, 20));
    const unet = await cache.get('unet:1', () => model('unet', 0, 60));
    peak = 30;
    await unet.run({ x: float32([2], [1, 2]) });
    expect(open).toEqual(['text', 'unet']);
    peak = 0;
    await unet.run({ x: float32([1], [1]) });
    expect(open).toEqual(['text', 'unet']);
    await unet.run({ x: float32([2], [1, 2]) });
    expect(open).toEqual(['unet']);
  });
  it('count the memory that a session was seen to keep', async () => {
    let kept = 0;
    const measure: Measure = async (work) => ({ result: await work(), kept: kept * MB, peak: kept * MB });
    const { cache, open } = watched(100, { measure });
    await cache.get('text:1', () => model('text', 0, 20));
    kept = 30;
    await cache.get('unet:1', () => model('unet', 0, 60));
    kept = 0;
    await cache.get('vae:1', () => model('vae', 0, 5));
    expect(open).toEqual(['unet', 'vae']);
  });
  it('make room for a session of the caller too, which stays', async () => {
    const { cache, open } = watched(100);
    await cache.get('text:1', () => model('text', 0, 60));
    const training = await cache.open(model('training', 0, 70), {});
    expect(open).toEqual(['training']);
    await cache.get('text:1', () => model('text', 0, 60));
    expect(open).toEqual(['training', 'text']);
    await training.release();
    expect(open).toEqual(['text']);
  });
  it.each(['std::bad_alloc', 'Failed to allocate memory for requested buffer of size 4', 'Out of memory', 'WebGPU device lost (2)'])(
    'close and run again when memory ran out: %s',
    async (text) => {
      const { cache, open, said, happened } = watched(100, { fail: failing('run unet', 1, err.RUN('cpu', text)) });
      await cache.get('text:1', () => model('text', 0, 20));
      const unet = await cache.get('unet:1', () => model('unet', 0, 60));
      await expect(unet.run({})).resolves.toEqual({});
      expect(open).toEqual(['unet']);
      expect(happened.slice(2)).toEqual(['run unet', 'open unet', 'run unet']);
      expect(said).toEqual(['memory: ran out at unet of unet; every open model is closed, and it is tried once more']);
    },
  );
  it('fail with RUNTIME_MEMORY when memory runs out twice, and go on working', async () => {
    const { cache } = watched(100, { fail: failing('run unet', 2, err.RUN('webgpu', 'out of memory')) });
    const unet = await cache.get('unet:1', () => model('unet', 0, 60));
    await expect(unet.run({})).rejects.toEqual(code('RUNTIME_MEMORY', 'got a need of more than there is'));
    await expect(unet.run({})).resolves.toEqual({});
  });
  it('try an opening again as well, but no failure of another kind', async () => {
    const { cache, happened } = watched(100, { fail: failing('open unet', 1, err.OPEN('unet', 'std::bad_alloc')) });
    await cache.get('unet:1', () => model('unet', 0, 60));
    expect(happened).toEqual(['open unet', 'open unet']);
    const other = watched(100, { fail: failing('run unet', 1, err.RUN('cpu', 'a shape that does not fit')) });
    await expect((await other.cache.get('unet:1', () => model('unet', 0, 60))).run({})).rejects.toEqual(code('RUNTIME_RUN', 'a shape'));
    expect(other.happened).toEqual(['open unet', 'run unet']);
  });
});

describe('the size of a budget', () => {
  it.each([
    ['6GB', 6 * 2 ** 30],
    ['512 mb', 512 * MB],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['1000000', 1e6],
    ['auto', 'auto'],
  ])('is read from %s', (text, bytes) => expect(parseMemory(text)).toBe(bytes));
  it.each(['', 'lots', '0GB', '-1GB', '6GB of it'])('is not read from %j', (text) =>
    expect(() => parseMemory(text)).toThrow(code('RUNTIME_MEMORY_SIZE', 'expected a size such as 6GB')),
  );
  it('is by itself most of what is free on the CPU, and no limit on a GPU', () => {
    const free = process.availableMemory();
    const { bytes, firm } = memoryBudget('auto', 'cpu');
    expect(firm).toBe(false);
    expect(bytes / free).toBeGreaterThan(0.7);
    expect(bytes / free).toBeLessThan(0.9);
    expect(memoryBudget('auto', 'webgpu')).toEqual({ bytes: Infinity, firm: false });
    expect(memoryBudget(5, 'webgpu')).toEqual({ bytes: 5, firm: true });
    expect(memoryBudget(5, 'cpu', 2)).toEqual({ bytes: 2, firm: true });
  });
});

describe('regions of files', () => {
  it('are counted once where they overlap, each file for itself', () => {
    const a = new Map([
      [
        'x',
        [
          [0, 10],
          [20, 30],
        ] as const,
      ],
    ]);
    const b = new Map([
      ['x', [[5, 25]] as const],
      ['y', [[0, 7]] as const],
    ]);
    expect(unionBytes([a, b])).toBe(30 + 7);
  });
});

describe.skipIf(process.platform !== 'linux')('measuring', () => {
  it('knows the memory of the process without the files that it maps', () => {
    const own = ownMemory();
    expect(own).toBeLessThan(process.memoryUsage.rss());
    expect(own).toBeGreaterThan(process.memoryUsage().heapUsed / 2);
  });
  it('tells what work kept and what it took at the most', async () => {
    const { result, kept, peak } = await measureMemory(async () => {
      const passing = new Uint8Array(200 * MB).fill(1);
      const result = new Uint8Array(100 * MB).fill(1);
      // Both are in use until here.
      result[0] = passing[0]!;
      return result;
    });
    expect(result.length).toBe(100 * MB);
    expect(kept! / MB).toBeGreaterThan(90);
    expect(peak! / MB).toBeGreaterThan(280);
  });
  it('tells the peak since it was last asked, also over measurements in between', async () => {
    takePeakMemory();
    const before = ownMemory();
    await measureMemory(async () => new Uint8Array(200 * MB).fill(1).length);
    await measureMemory(async () => {});
    expect((takePeakMemory()! - before) / MB).toBeGreaterThan(180);
  });
});
