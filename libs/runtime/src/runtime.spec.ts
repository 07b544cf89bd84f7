import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32, type RunnableModel, type SessionState, type Tensor } from '@facewright/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseProvider, SWIFTSHADER } from './choose-provider.ts';
import { createRuntime, type Runtime } from './runtime.ts';

const bytes = (name: string) => new Uint8Array(readFileSync(join(import.meta.dirname, 'fixtures', `${name}.onnx`)));
const f32 = (name: string, ...shape: (number | string)[]) => ({ name, dtype: 'float32', shape }) as const;
const step: RunnableModel = {
  bytes: bytes('step'),
  inputs: [f32('w', 4), f32('gradient', 4)],
  outputs: [f32('next', 4), f32('loss')],
  files: [],
  memory: [],
};
const state: SessionState[] = [{ input: 'w', output: 'next', initial: float32([4], [1, 2, 3, 4]) }];
const gradient = float32([4], [2, 2, 2, 2]);

const kernel = Float32Array.from({ length: 108 }, (_, i) => Math.sin(i));
const bias = Float32Array.of(0.5, -0.5, 1, -1);
const conv = (place: Partial<RunnableModel>): RunnableModel => ({
  bytes: bytes('conv'),
  inputs: [f32('x', 'n', 3, 8, 8)],
  outputs: [f32('y', 'n', 4, 8, 8)],
  files: [],
  memory: [],
  ...place,
});
const picture = (n: number) =>
  float32(
    [n, 3, 8, 8],
    Float32Array.from({ length: n * 192 }, (_, i) => Math.cos(i * 0.7)),
  );
/** The same convolution written out, in double precision. */
function convolved(x: Float32Array): Float32Array {
  return Float32Array.from({ length: 256 }, (_, at) => {
    const [o, row, column] = [Math.floor(at / 64), Math.floor(at / 8) % 8, at % 8];
    let sum = bias[o]!;
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++) {
          const [r, s] = [row + i - 1, column + j - 1];
          if (r >= 0 && r < 8 && s >= 0 && s < 8) sum += x[c * 64 + r * 8 + s]! * kernel[((o * 3 + c) * 3 + i) * 3 + j]!;
        }
    return Math.max(0, sum);
  });
}
const worst = (a: Tensor, b: ArrayLike<number>) => Math.max(...Array.from(a.data as Float32Array, (v, i) => Math.abs(v - b[i]!)));
const code = (name: string) => expect.objectContaining({ code: name });

let folder: string, cpu: Runtime;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runtime-spec-'));
  mkdirSync(join(folder, 'elsewhere'));
  writeFileSync(join(folder, 'kernel.bin'), kernel);
  writeFileSync(join(folder, 'bias.bin'), bias);
  writeFileSync(join(folder, 'elsewhere', 'b.data'), bias);
  cpu = await createRuntime({ provider: 'cpu', linkFolder: join(folder, 'links') });
});
afterAll(async () => {
  await cpu.dispose();
  rmSync(folder, { recursive: true });
});

describe('a session on the CPU', () => {
  it('keeps state between runs: what the output gave is what the input gets next', async () => {
    const session = await cpu.open(step, { state });
    expect(session.inputs.map(({ name }) => name)).toEqual(['gradient']);
    expect(session.outputs.map(({ name }) => name)).toEqual(['loss']);
    const losses = [];
    for (let i = 0; i < 5; i++) losses.push((await session.run({ gradient }))['loss']!.data[0]);
    expect(losses).toEqual([10, 6, 2, -2, -6]);
    expect(Array.from((await session.readState())['w']!.data as Float32Array)).toEqual([-4, -3, -2, -1]);
    await session.release();
  });
  it('does not write into the initial state, nor into state that was read', async () => {
    const session = await cpu.open(step, { state });
    await session.run({ gradient });
    const read = await session.readState();
    await session.run({ gradient });
    await session.run({ gradient });
    expect(Array.from(read['w']!.data as Float32Array)).toEqual([0, 1, 2, 3]);
    expect(Object.keys(await session.readState([]))).toEqual([]);
    expect(Object.keys(await session.readState(['w']))).toEqual(['w']);
    expect(Array.from(state[0]!.initial.data as Float32Array)).toEqual([1, 2, 3, 4]);
    await session.release();
  });
  it('writes state in place where the graph allows it, and not into the initial state', async () => {
    const session = await cpu.open(step, { state: state.map((entry) => ({ ...entry, inPlace: true })) });
    await session.run({ gradient });
    const read = await session.readState();
    for (let i = 0; i < 2; i++) await session.run({ gradient });
    expect(Array.from(read['w']!.data as Float32Array)).toEqual([0, 1, 2, 3]);
    expect(Array.from((await session.readState())['w']!.data as Float32Array)).toEqual([-2, -1, 0, 1]);
    expect(Array.from(state[0]!.initial.data as Float32Array)).toEqual([1, 2, 3, 4]);
    await session.release();
  });
  it('runs concurrent steps of a training loop one after the other', async () => {
    const session = await cpu.open(step, { state });
    const losses = await Promise.all([1, 2, 3].map(async () => (await session.run({ gradient }))['loss']!.data[0]));
    expect(losses).toEqual([10, 6, 2]);
    await session.release();
  });
  it('passes half floats as bits, flags as bytes and 64-bit whole numbers exactly', async () => {
    const info = (suffix: string) =>
      (
        [
          ['half', 'float16'],
          ['flag', 'bool'],
          ['index', 'int64'],
        ] as const
      ).map(([name, dtype]) => ({ name: name + suffix, dtype, shape: [2] }));
    const session = await cpu.open({ bytes: bytes('types'), inputs: info(''), outputs: info('_out'), files: [], memory: [] });
    const out = await session.run({
      half: { dtype: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0x7e01) },
      flag: { dtype: 'bool', dims: [2], data: Uint8Array.of(1, 0) },
      index: { dtype: 'int64', dims: [2], data: BigInt64Array.of(2n ** 62n + 1n, -1n) },
    });
    expect(out['half_out']).toEqual({ dtype: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0x7e01) });
    expect(out['flag_out']!.data).toEqual(Uint8Array.of(1, 0));
    expect(out['index_out']!.data).toEqual(BigInt64Array.of(2n ** 62n + 1n, -1n));
    await session.release();
  });
  it('names everything that does not fit about its feeds at once', async () => {
    const session = await cpu.open(step);
    const feeds = { w: float32([5], [1, 2, 3, 4]), weights: gradient };
    await expect(session.run(feeds)).rejects.toThrow(
      'input w: expected shape [4], got [5]; input w: expected 5 values for [5], got 4; input gradient: expected float32 [4], got nothing; input weights: expected one of w, gradient, got an unknown name',
    );
    await expect(session.run(feeds)).rejects.toEqual(code('RUNTIME_FEEDS'));
    await expect(session.run({ w: { dtype: 'int32', dims: [4], data: Int32Array.of(1, 2, 3, 4) }, gradient })).rejects.toThrow(
      'input w: expected float32, got int32',
    );
    await session.release();
  });
  it('names everything that does not fit about its state at once', async () => {
    const bad: SessionState[] = [
      { input: 'v', output: 'loss', initial: gradient },
      { input: 'w', output: 'loss', initial: float32([3], [1, 2, 3]) },
    ];
    await expect(cpu.open(step, { state: bad })).rejects.toEqual(code('RUNTIME_STATE'));
    await expect(cpu.open(step, { state: bad })).rejects.toThrow(
      'state v: expected an input of the graph, got an unknown name; state w: expected shape [4], got [3]; state w: expected output loss to be float32 [4], got float32 []; state: expected output loss once, got it several times',
    );
  });
  it('refuses a graph that is not one, and runs after release, with a code', async () => {
    await expect(cpu.open({ ...step, bytes: Uint8Array.of(1, 2, 3) })).rejects.toEqual(code('RUNTIME_OPEN'));
    const session = await cpu.open(step);
    await session.release();
    await expect(session.run({ w: gradient, gradient })).rejects.toEqual(code('RUNTIME_RELEASED'));
  });
});

describe('weights', () => {
  const inPlace = () =>
    conv({
      files: [
        { location: 'kernel.bin', path: join(folder, 'kernel.bin') },
        { location: 'bias.bin', path: join(folder, 'bias.bin') },
      ],
    });
  const spread = () =>
    conv({
      files: [
        { location: 'kernel.bin', path: join(folder, 'kernel.bin') },
        { location: 'bias.bin', path: join(folder, 'elsewhere', 'b.data') },
      ],
    });
  const raw = (array: Float32Array) => new Uint8Array(array.buffer);
  const memory = conv({
    memory: [
      { location: 'kernel.bin', data: raw(kernel) },
      { location: 'bias.bin', data: raw(bias) },
    ],
  });
  const mixed = () =>
    conv({ files: [{ location: 'kernel.bin', path: join(folder, 'kernel.bin') }], memory: [{ location: 'bias.bin', data: raw(bias) }] });

  it.each([
    ['in one folder', inPlace],
    ['in several folders', spread],
    ['in memory', () => memory],
    ['in a file and in memory', mixed],
  ])('%s give the convolution written out', async (_, model) => {
    const session = await cpu.open(model());
    const x = picture(1);
    // 27 products of magnitude 1 summed in single precision.
    expect(worst((await session.run({ x }))['y']!, convolved(x.data))).toBeLessThan(3e-6);
    await session.release();
  });
  it('of several folders are linked for as long as the session is open, and the files stay', async () => {
    const session = await cpu.open(spread());
    expect(readdirSync(join(folder, 'links'))).toHaveLength(1);
    await session.release();
    expect(readdirSync(join(folder, 'links'))).toEqual([]);
    expect(existsSync(join(folder, 'elsewhere', 'b.data'))).toBe(true);
  });
  it('outside of the folder of the model are refused', async () => {
    const outside = conv({ files: [{ location: '../kernel.bin', path: join(folder, 'kernel.bin') }] });
    await expect(cpu.open(outside)).rejects.toThrow('weights ../kernel.bin: expected a readable file, got: a location outside');
  });
  it('that are missing or too short are refused by name', async () => {
    await expect(cpu.open(conv({ files: [{ location: 'kernel.bin', path: join(folder, 'nothing.bin') }] }))).rejects.toThrow(
      join(folder, 'nothing.bin'),
    );
    writeFileSync(join(folder, 'short.bin'), 'short');
    const short = conv({
      files: [
        { location: 'kernel.bin', path: join(folder, 'short.bin') },
        { location: 'bias.bin', path: join(folder, 'bias.bin') },
      ],
    });
    await expect(cpu.open(short)).rejects.toEqual(code('RUNTIME_OPEN'));
    await expect(cpu.open(short)).rejects.toThrow('short.bin');
    expect(readdirSync(join(folder, 'links'))).toEqual([]);
  });
});

describe('shared sessions', () => {
  it('open once for concurrent callers, and again by themselves after newer ones took their place', async () => {
    const runtime = await createRuntime({ provider: 'cpu', sessions: 1 });
    let built = 0;
    const build = () => {
      built++;
      return step;
    };
    const [a, b] = await Promise.all([runtime.cached('a', build), runtime.cached('a', build)]);
    expect(built).toBe(1);
    await a.release();
    await runtime.cached('other', () => step);
    const loss = async () => (await b.run({ w: float32([4], [1, 1, 1, 1]), gradient }))['loss']!.data[0];
    expect(await loss()).toBe(4);
    expect(await loss()).toBe(4);
    expect(built).toBe(2);
    await runtime.dispose();
  });
  it('leave for others when memory is short, and come back', async () => {
    const said: string[] = [];
    const runtime = await createRuntime({ provider: 'cpu', memory: 300 * 2 ** 20, log: (message) => said.push(message) });
    /** The convolution, said to read so many megabytes of a file. */
    const large = (file: string, megabytes: number) =>
      conv({
        files: [
          { location: 'kernel.bin', path: join(folder, 'kernel.bin') },
          { location: 'bias.bin', path: join(folder, file), regions: [[0, megabytes * 2 ** 20]] },
        ],
      });
    writeFileSync(join(folder, 'text'), bias);
    writeFileSync(join(folder, 'unet'), bias);
    const text = await runtime.cached('text:1', () => large('text', 100));
    await runtime.cached('text:2', () => large('text', 100));
    await text.run({ x: picture(1) });
    await runtime.cached('vae:1', () => large('bias.bin', 100));
    expect(said.slice(2)).toEqual([]);
    const unet = await runtime.cached('unet:1', () => large('unet', 250));
    await unet.run({ x: picture(1) });
    const closed = said.slice(2).map((line) => /closed (\w+) of/.exec(line)?.[1]);
    expect(closed).toEqual(['vae', 'text', 'text']);
    expect((await text.run({ x: picture(2) }))['y']!.dims).toEqual([2, 4, 8, 8]);
    await expect(runtime.cached('huge:1', () => large('unet', 301))).rejects.toEqual(code('RUNTIME_MEMORY'));
    await runtime.dispose();
  });
  it('forget an opening that failed', async () => {
    let built = 0;
    const build = () => {
      built++;
      if (built === 1) throw new Error('not now');
      return step;
    };
    await expect(cpu.cached('flaky', build)).rejects.toThrow('not now');
    await cpu.cached('flaky', build);
    expect(built).toBe(2);
  });
});

describe('the null runtime', () => {
  it('gives zeros of the right shapes, sizes known by name from the feeds, after checking them', async () => {
    const runtime = await createRuntime({ provider: 'null' });
    const session = await runtime.open(conv({}));
    expect(await session.run({ x: picture(3) })).toEqual({ y: { dtype: 'float32', dims: [3, 4, 8, 8], data: new Float32Array(768) } });
    await expect(session.run({})).rejects.toEqual(code('RUNTIME_FEEDS'));
    const training = await runtime.open(step, { state });
    expect((await training.run({ gradient }))['loss']).toEqual(float32([], [0]));
    expect((await training.readState())['w']).toEqual(state[0]!.initial);
  });
});

describe('the provider', () => {
  it('is said with the reason, and never a software driver by itself', async () => {
    const said: string[] = [];
    const before = process.env['VK_DRIVER_FILES'];
    process.env['VK_DRIVER_FILES'] = SWIFTSHADER;
    const runtime = await createRuntime({ provider: 'auto', log: (message) => said.push(message) });
    if (before === undefined) delete process.env['VK_DRIVER_FILES'];
    else process.env['VK_DRIVER_FILES'] = before;
    expect(runtime.provider).toBe('cpu');
    expect(said).toEqual([
      expect.stringMatching(/^provider cpu \(.+\): the only graphics driver is software/),
      expect.stringMatching(/^open models may take [\d.]+ [MG]B of memory$/),
    ]);
  });
  it('of an unknown name is refused', async () => {
    await expect(chooseProvider('cuda' as never)).rejects.toEqual(code('RUNTIME_PROVIDER'));
  });
});
