import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readTensors, openTensorFile } from '@facewright/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { circumstances } from '../bench/report.ts';
import { difference } from './difference.ts';
import { misses, pageOf, type Results } from './page.ts';
import { operatorShares } from './operator-profile.ts';
import { passes, pageOf as parityPageOf } from './parity-page.ts';
import { checkpointShapes, writeRandomWeights } from './random-checkpoint.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facewright-spec-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the benchmark of Stable Diffusion', () => {
  it('measures every part of a model without Python and writes page and results where it is told', async () => {
    const { FACEWRIGHT_PYTHON: _, ...env } = process.env;
    const args = ['--checkpoint', join(root, 'models/tiny-faces'), '--size', '64', '--steps', '2', '--runs', '1', '--out', folder];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { env });
    expect(stderr).toContain('set FACEWRIGHT_PYTHON');
    expect(stdout).toContain('no goal was checked');
    const results = JSON.parse(await readFile(join(folder, 'bench/sd-results.json'), 'utf8')) as Results;
    expect(results.rows.length).toBeGreaterThanOrEqual(8);
    for (const { name, ours, diffusers } of results.rows) {
      expect(ours, name).toBeGreaterThan(0);
      expect(diffusers, name).toBeNull();
    }
    for (const [name, shares] of Object.entries(results.profiles!)) {
      expect(
        shares.reduce((sum, { share }) => sum + share, 0),
        name,
      ).toBeCloseTo(1, 6);
      expect(shares.length, name).toBeGreaterThan(3);
    }
    const page = await readFile(join(folder, 'docs/sd-benchmarks.md'), 'utf8');
    expect(page).toMatch(/open the checkpoint +\| .* s +\| not measured/);
    expect(page).toContain('| Conv');
  });

  it('refuses a size that a U-Net cannot halve as often as it has to', async () => {
    const run = promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts'), '--size', '100']);
    await expect(run).rejects.toThrow('--size: expected a positive multiple of 64, got 100');
  });

  it('says which goals are missed, and leaves rows without a goal or without the other side alone', () => {
    const row = { name: 'x', unit: 's', ours: 2, diffusers: 1.9, most: 1 };
    expect([row, { ...row, diffusers: 2 }, { ...row, diffusers: null }].map(misses)).toEqual([true, false, false]);
    const { most: _, ...free } = row;
    expect(misses(free)).toBe(false);
    const about = { device: null, precision: 'float32', versions: { torch: '1' } };
    const page = pageOf({
      ...circumstances(),
      command: 'c',
      runs: 3,
      checkpoint: 'f',
      settings: { provider: 'cpu', threads: 2, size: 512, steps: 10, prompt: '', negative: '', guidance: 7.5 },
      about: { ours: about, diffusers: about },
      rows: [row],
      profiles: { text: [], unet: [], decode: [], encode: [] },
    });
    expect(page).toContain('| x | 2 s | 1.9 s | 1.05 × | at most 1 × | **missed** |');
  });

  it('adds up the operators of the last run in a profile of onnxruntime', () => {
    const node = (op: string, ts: number, dur: number) => ({ cat: 'Node', name: `${op}_kernel_time`, ts, dur, args: { op_name: op } });
    const run = (ts: number) => ({ cat: 'Session', name: 'model_run', ts, dur: 100 });
    // a run is written after its nodes
    const events = [node('Conv', 10, 90), run(0), node('Conv', 210, 30), node('Add', 240, 10), node('Conv', 250, 40), run(200)];
    expect(operatorShares(events)).toEqual([
      { operator: 'Conv', calls: 2, seconds: 70e-6, share: 0.875 },
      { operator: 'Add', calls: 1, seconds: 10e-6, share: 0.125 },
    ]);
    expect(() => operatorShares([node('Conv', 0, 1)])).toThrow('expected a run of the model');
  });
});

describe('the random checkpoint', () => {
  it('has the names and shapes of a single file of Stable Diffusion 1.5, and those of inpainting', () => {
    const [usual, inpainting] = [checkpointShapes(false), checkpointShapes(true)];
    expect(usual.size).toBe(1130);
    const first = 'model.diffusion_model.input_blocks.0.0.weight';
    expect([usual.get(first), inpainting.get(first)]).toEqual([
      [320, 4, 3, 3],
      [320, 9, 3, 3],
    ]);
    expect(usual.get('first_stage_model.decoder.mid.attn_1.q.weight')).toEqual([512, 512, 1, 1]);
    expect(usual.get('cond_stage_model.transformer.text_model.embeddings.position_embedding.weight')).toEqual([77, 768]);
  });

  it('draws matrices that keep the variance of their inputs, and scales about 1', async () => {
    const file = join(folder, 'random.safetensors');
    await writeRandomWeights(
      file,
      new Map([
        ['a.weight', [64, 300]],
        ['norm.weight', [500]],
        ['norm.bias', [500]],
      ]),
      1,
    );
    const tensors = await readTensors((await openTensorFile(file)).tensors);
    const meanAndSquare = (name: string) => {
      const data = tensors.get(name)!.data as Float32Array;
      const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
      return [mean, data.reduce((sum, x) => sum + x * x, 0) / data.length] as const;
    };
    // uniform in ±1.7/√300: variance 1.7²/3/300; 19,200 values, so 3 % are three deviations
    expect((meanAndSquare('a.weight')[1] * 300) / (1.7 ** 2 / 3)).toBeCloseTo(1, 1);
    expect(Math.abs(meanAndSquare('a.weight')[0])).toBeLessThan(0.002);
    expect(meanAndSquare('norm.weight')[0]).toBeCloseTo(1, 2);
    expect(Math.abs(meanAndSquare('norm.bias')[0])).toBeLessThan(0.003);
  });
});

describe('the comparison of results', () => {
  const reference = { dtype: 'float32', dims: [4], data: Float32Array.of(1, -1, 1, -1) } as const;
  it('counts differences over the deviation of the reference', () => {
    const wide = { ...reference, data: reference.data.map((x) => 10 * x) };
    expect(difference('x', Float32Array.of(10, -10, 10, -8), wide)).toEqual({ maxAbs: 2, meanAbs: 0.5, relative: 0.2 });
  });
  it('lets nothing pass that is beyond its tolerance or no number', () => {
    const row = { name: 'x', tolerance: 0.1, why: 'sums' };
    const nan = { ...row, ...difference('x', Float32Array.of(NaN, -1, 1, -1), reference) };
    const far = { ...row, ...difference('x', Float32Array.of(1.2, -1, 1, -1), reference) };
    const near = { ...row, ...difference('x', Float32Array.of(1.05, -1, 1, -1), reference) };
    expect([nan, far, near].map(passes)).toEqual([false, false, true]);
    expect(parityPageOf([far], { ...circumstances(), checkpoint: 'f', command: 'c' })).toContain('| 0.1 | **no** |');
  });
  it('refuses results of another size', () => {
    expect(() => difference('x', Float32Array.of(1), reference)).toThrow('x: expected 4 values, got 1');
  });
  it('says what it needs where there is no Python', async () => {
    const { FACEWRIGHT_PYTHON: _, ...env } = process.env;
    const run = promisify(execFile)(process.execPath, [join(import.meta.dirname, 'parity.ts')], { env });
    await expect(run).rejects.toThrow('set FACEWRIGHT_PYTHON to a Python with torch, diffusers');
  });
});
