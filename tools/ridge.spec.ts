// Ridge regression against what made the data and against its own other form.
import { createRng } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { fitRidge } from './ridge.ts';

const rng = createRng(3);
const rows = (count: number, width: number) => Array.from({ length: count }, () => [...rng.normal(width)]);

describe('fitRidge', () => {
  it('finds the linear map that made the targets', () => {
    const x = rows(60, 4);
    const y = x.map(([a, b, c]) => [2 * a! - b! + 5, c! / 3]);
    const readOut = fitRidge(x, y, { strength: 1e-9 });
    const [first, second] = readOut.predict([1, 2, 3, 4]);
    expect(first).toBeCloseTo(5, 4);
    expect(second).toBeCloseTo(1, 4);
  });
  it('gives the same through rows as through columns: a copy of every feature halves the strength, and no more', () => {
    const x = rows(6, 4);
    const y = rows(6, 1);
    const twice = x.map((row) => [...row, ...row]);
    const [few, many] = [fitRidge(x, y, { strength: 0.1 }), fitRidge(twice, y, { strength: 0.2 })];
    expect(many.predict(twice[0]!)[0]).toBeCloseTo(few.predict(x[0]!)[0]!, 8);
  });
  it('draws toward the mean as the strength grows', () => {
    const x = rows(20, 3);
    const y = x.map(([a]) => [a!]);
    const mean = y.reduce((sum, [v]) => sum + v!, 0) / y.length;
    expect(fitRidge(x, y, { strength: 1e9 }).predict([5, 0, 0])[0]).toBeCloseTo(mean, 4);
  });
});
