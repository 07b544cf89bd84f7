// The comparison itself, without a network: what counts as equal, and what the page says.
import { cropFace } from '@facewright/pipelines';
import type { ImageBuffer, Tensor } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { boxes, cropCases, pictureOf, type Cases, type ScoreRow } from './cases.ts';
import { pageOf, passes } from './page.ts';

const picture: ImageBuffer = {
  width: 275,
  height: 183,
  channels: 3,
  data: Uint8Array.from({ length: 275 * 183 * 3 }, (_, i) => (i * 7) % 251),
};
const asTensor = ({ width, height, data }: ImageBuffer): Tensor => ({ dtype: 'uint8', dims: [height, width, 3], data: data as Uint8Array });
const rowsFor = (change: (data: Uint8Array) => void): ScoreRow[] => {
  const logged: ScoreRow[] = [];
  const reference = new Map(
    boxes.map((box, i) => {
      const crop = asTensor(cropFace(picture, box)!);
      const data = Uint8Array.from(crop.data as Uint8Array);
      change(data);
      return [`crop.${i}`, { ...crop, data } as Tensor];
    }),
  );
  const rows = cropCases(reference, pictureOf(asTensor(picture)), { log: (row) => void logged.push(row) } as Cases);
  expect(logged).toEqual(rows);
  return rows;
};

describe('comparing scorers', () => {
  it('passes for equal crops, and fails for one byte that differs', () => {
    expect(rowsFor(() => {}).every(passes)).toBe(true);
    expect(rowsFor((data) => void (data[5]! ^= 1)).some(passes)).toBe(false);
  });
  it('cuts the published box of FaceScore to 41 x 52 pixels', () => {
    expect(rowsFor(() => {})[0]!.name).toBe('crop of 41 × 52 pixels');
  });
  it('takes what is not a number for a difference', () => {
    const row: ScoreRow = { network: 'n', name: 'x', maxAbs: NaN, meanAbs: NaN, relative: NaN, tolerance: 1, why: 'w' };
    expect(passes(row)).toBe(false);
    expect(passes({ ...row, maxAbs: 0, meanAbs: 0 })).toBe(true);
  });
  it('says on the page what is beyond its tolerance, and why each tolerance is what it is', () => {
    const row: ScoreRow = { network: 'HPS', name: 'scores', maxAbs: 1e-3, meanAbs: 1e-4, relative: 0.2, tolerance: 0.1, why: 'sums' };
    const circumstances = {
      date: '2026-01-01T00:00:00Z',
      commit: 'abc',
      machine: { cpu: 'c', cores: 2, memoryGB: 8, system: 's' },
      versions: { torch: '1' },
    };
    const page = pageOf([row, { ...row, relative: 0.05 }], { ...circumstances, command: 'npm run parity:scores' });
    expect(page).toContain('| HPS | scores | 1.0e-3 | 1.0e-4 | 2.0e-1 | 0.1 | **no** |');
    expect(page).toContain('| 5.0e-2 | 0.1 | yes |');
    expect(page).toContain('- 0.1: sums.');
  });
});
