import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { circumstances } from '../bench/report.ts';
import { cases, hashed, trainedOfScore } from './cases.ts';
import type { Measured } from './measure.ts';
import { misses, pageOf, ratiosOf, type CaseResult } from './page.ts';

const measured = (seconds: number, peak: number): Measured => ({
  open: 1,
  seconds,
  processor: 2 * seconds,
  memory: { peak, allocated: peak / 2, ofFiles: peak / 2 },
  loss: 1,
  norm: 1,
  versions: { torch: '1.2.3' },
});
const result = (sides: CaseResult['sides']): CaseResult => ({
  ...circumstances(),
  what: cases[0]!,
  sides,
  command: 'npm run bench:train',
  steps: 3,
  threads: 2,
  load: 0.5,
  waiting: null,
});

describe('the benchmark of training steps', () => {
  it('compares time and memory with PyTorch as it is, and says which goals are missed', () => {
    const compared = result({
      ours: measured(2, 5e9),
      recomputed: measured(3, 1e9),
      torch: measured(4, 4e9),
      checkpointed: measured(5, 1e9),
    });
    expect(ratiosOf(compared).map(({ title, ratio, goal }) => [title, ratio, goal])).toEqual([
      ['a step', 0.5, true],
      ['its processor time', 0.5, false],
      ['peak memory', 1.25, true],
      ['of that allocated', 1.25, false],
    ]);
    expect(ratiosOf(compared).filter(misses)).toHaveLength(1);
    const page = pageOf({ cases: [compared] });
    expect(page).toContain('| Facewright over PyTorch, goal at most 1 | 0.5 × met | 0.5 × | 1.25 × **missed** | 1.25 × |');
    expect(page).toContain('torch 1.2.3');
    expect(page).not.toContain('others were computing');
  });

  it('checks no goal where a side was given up or not measured, and says so', () => {
    const page = pageOf({ cases: [{ ...result({ ours: measured(2, 5e9), torch: null }), load: 64, waiting: 'PASSIVE' }] });
    expect(ratiosOf(result({ ours: measured(2, 5e9), torch: null }))).toEqual([]);
    expect(page).toContain('| PyTorch | given up | given up | given up | given up |');
    expect(page).not.toContain('Facewright over PyTorch');
    expect(page).toContain('others were computing');
    expect(page).toContain('OMP_WAIT_POLICY=PASSIVE');
  });

  it('trains the parameters that ImageReward trains: those after layer 16 of 24 and 8 of 12', () => {
    const trained = [...trainedOfScore(0.7)];
    const layers = (pattern: RegExp) => [...new Set(trained.flatMap((name) => pattern.exec(name)?.[1] ?? []))].map(Number);
    expect(layers(/visual_encoder\.blocks\.(\d+)\./)).toEqual([16, 17, 18, 19, 20, 21, 22, 23]);
    expect(layers(/text_encoder\.encoder\.layer\.(\d+)\./)).toEqual([8, 9, 10, 11]);
  });

  it('draws the numbers that the reference scripts draw', () => {
    // tools/reference/common.py: hashed('good', (4,)), numpy.
    expect([...hashed('good', 4)].map((value) => Number(value.toFixed(6)))).toEqual([0.722224, 0.454438, 0.7051, -0.372546]);
  });

  it('refuses names that it does not know', async () => {
    const run = promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts'), '--cases', 'lora-1']);
    await expect(run).rejects.toThrow('--cases: expected names among lora-256, lora-512, guidance-256, score, got lora-1');
  });
});
