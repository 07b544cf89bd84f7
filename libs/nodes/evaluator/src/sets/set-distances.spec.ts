// Fréchet and kernel distance against torch-fidelity (tools/reference/set_distances.py), and what the bootstrap relies on.
import { hashed } from '@facewright/models/testing/hashed-tensor';
import { createRng } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import fixture from './fixtures/set-distances.json' with { type: 'json' };
import { diversity } from './diversity.ts';
import { fitGaussian, frechetDistance, frechetDistanceTo, frechetResamples } from './frechet-distance.ts';
import { kernelDistance, kernelDistanceTo, kernelInceptionDistance } from './kernel-distance.ts';
import { symmetricEigenvalues } from './symmetric-eigenvalues.ts';

/** As the script makes them. */
function features(name: string, rows: number, size: number): Float32Array[] {
  const raw = hashed(name, rows * size);
  const half = Math.floor(size / 2);
  return Array.from({ length: rows }, (_, n) => {
    const row = Float64Array.from(
      { length: size },
      (_, i) => raw[n * size + i]! * (0.5 + (1.5 * i) / (size - 1)) + (name.startsWith('b') ? 0.3 : 0),
    );
    for (let i = half; i < size; i++) row[i]! += 0.5 * row[i - half]!;
    return Float32Array.from(row);
  });
}
const sides = ({ name, rows, others, size }: (typeof fixture.cases)[number]) =>
  [features(`a ${name}`, rows, size), features(`b ${name}`, others, size)] as const;
const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

describe('set distances', () => {
  it.each(fixture.cases)('are those of torch-fidelity: $name', (reference) => {
    const [a, b] = sides(reference);
    // both sides compute in float64; square roots of eigenvalues of rounding are what remains
    const near = (got: number, want: number, within: number) =>
      expect(Math.abs(got - want)).toBeLessThan(within * Math.max(1, Math.abs(want)));
    near(frechetDistance(fitGaussian(a), fitGaussian(b)), reference.frechet, 1e-7);
    near(kernelDistance(a, b), reference.kernel, 1e-11);
    if (reference.kernelOfTorchFidelity !== undefined) near(kernelDistance(a, b), reference.kernelOfTorchFidelity, 1e-11);
    // kernels of pairs are kept in float32
    near(kernelDistanceTo(b)(a)(all(a.length)), reference.kernel, 1e-5);
  });
  it('of random subsets have the mean and the deviation of torch-fidelity, but for the draw', () => {
    const reference = fixture.cases.find(({ subsets }) => subsets)!;
    const { size, mean, deviation } = reference.subsets!;
    const [a, b] = sides(reference);
    const found = kernelInceptionDistance(a, b, { subsets: 2000, size, rng: createRng(1) });
    // four standard errors of the difference of two such means; deviations of 2,000 draws are known to about 2 %
    expect(Math.abs(found.mean - mean)).toBeLessThan(4 * deviation * Math.sqrt(2 / 2000));
    expect(Math.abs(found.deviation / deviation - 1)).toBeLessThan(0.1);
  });
});

describe('Fréchet distance', () => {
  it('is zero between a set and itself, and grows with a shift', () => {
    const [a] = sides(fixture.cases[0]!);
    const moved = a.map((row) => row.map((v) => v + 0.5));
    expect(frechetDistance(fitGaussian(a), fitGaussian(a))).toBeCloseTo(0, 8);
    expect(frechetDistance(fitGaussian(a), fitGaussian(moved))).toBeCloseTo(a[0]!.length * 0.25, 5);
  });
  it('takes sets whose features say the same twice, or nothing at all', () => {
    const rows = Array.from({ length: 30 }, (_, n) => Float32Array.of(n % 7, n % 7, 3));
    expect(frechetDistance(fitGaussian(rows), fitGaussian(rows))).toBeCloseTo(0, 8);
    const flat = Array.from({ length: 30 }, () => Float32Array.of(1, 2, 3));
    expect(frechetDistance(fitGaussian(flat), fitGaussian(flat))).toBe(0);
  });
  it.each(fixture.cases)('of a resample is that of the rows it names: $name', (reference) => {
    const [a, b] = sides(reference);
    const statistic = frechetDistanceTo(fitGaussian(b))(a);
    expect(statistic(all(a.length))).toBeCloseTo(reference.frechet, 6);
    const indices = [0, 3, 3, 7, 5, 8, 8, 8, 2, 1, 0, 6].flatMap((i) => [i, (i * 7) % a.length]);
    const named = fitGaussian(indices.map((i) => a[i]!));
    expect(statistic(indices)).toBeCloseTo(frechetDistance(fitGaussian(b), named), 6);
    expect(frechetDistance(fitGaussian(b), fitGaussian(a, indices))).toBeCloseTo(frechetDistance(fitGaussian(b), named), 9);
  });
});

describe('frechetResamples', () => {
  it('are all that is wanted where they cost little, fewer where they cost more, none where too few would be left', () => {
    expect(frechetResamples(300, 2, 128, 512, 64)).toBe(300);
    expect(frechetResamples(300, 2, 200, 5000, 2048)).toBe(300);
    const some = frechetResamples(300, 2, 500, 5000, 2048);
    expect(some).toBeGreaterThanOrEqual(60);
    expect(some).toBeLessThan(300);
    expect(frechetResamples(300, 2, 2000, 5000, 2048)).toBe(0);
  });
});

describe('kernel distance', () => {
  it('is about zero between two halves of one set, and may be below', () => {
    const rng = createRng(3);
    const draw = (count: number) => Array.from({ length: count }, () => Float32Array.from(rng.normal(6)));
    const values = Array.from({ length: 40 }, () => kernelDistance(draw(40), draw(40)));
    expect(Math.abs(values.reduce((a, b) => a + b, 0) / 40)).toBeLessThan(0.1);
    expect(Math.min(...values)).toBeLessThan(0);
  });
  it('of a resample leaves out pairs of a picture with its own copy', () => {
    const [a, b] = sides(fixture.cases[0]!);
    const statistic = kernelDistanceTo(b)(a);
    // each picture twice says nothing new
    expect(statistic([...all(60), ...all(60)])).toBeCloseTo(statistic(all(60)), 9);
    expect(statistic([1, 2])).toBeCloseTo(kernelDistance([a[1]!, a[2]!], b), 5);
    expect(statistic([1, 1])).toBeNaN();
  });
});

describe('symmetricEigenvalues', () => {
  it('agrees with closed forms, also for matrices that are diagonal or of rank one', () => {
    const n = 12;
    // second differences: 2 - 2 cos(k pi / (n + 1))
    const chain = Float64Array.from({ length: n * n }, (_, at) => {
      const gap = Math.abs(Math.floor(at / n) - (at % n));
      return gap === 0 ? 2 : gap === 1 ? -1 : 0;
    });
    symmetricEigenvalues(chain, n).forEach((value, k) => expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 12));
    expect([...symmetricEigenvalues(Float64Array.of(3, 0, 0, 0, 1, 0, 0, 0, 2), 3)]).toEqual([1, 2, 3]);
    expect(symmetricEigenvalues(Float64Array.of(1, 2, 3, 2, 4, 6, 3, 6, 9), 3)[2]).toBeCloseTo(14, 12);
  });
  it('keeps the trace and the sum of squares of a full matrix', () => {
    const n = 40;
    const raw = hashed('full', n * n);
    const matrix = Float64Array.from({ length: n * n }, (_, at) => raw[at]! + raw[(at % n) * n + Math.floor(at / n)]!);
    const trace = Array.from({ length: n }, (_, i) => matrix[i * n + i]!).reduce((a, b) => a + b, 0);
    const squares = matrix.reduce((a, b) => a + b * b, 0);
    const values = symmetricEigenvalues(matrix.slice(), n);
    expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(trace, 10);
    expect(values.reduce((a, b) => a + b * b, 0)).toBeCloseTo(squares, 8);
  });
});

describe('diversity', () => {
  const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, k) => value - b[k]!));
  it('is the mean distance over all pairs of few pictures, without pairs of one picture', () => {
    const rows = features('a few', 6, 5);
    const pairs = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].filter((j) => j > i).map((j) => distance(rows[i]!, rows[j]!)));
    const mean = pairs.reduce((a, b) => a + b, 0) / pairs.length;
    expect(diversity(rows, [0, 1, 2, 3])).toBeCloseTo(mean, 6);
    expect(diversity(rows, [0, 0])).toBe(0);
    expect(diversity(rows, [0, 0, 1])).toBeCloseTo(distance(rows[0]!, rows[1]!), 6);
  });
  it('takes pairs spread evenly over all of many pictures', () => {
    const rows = features('a many', 300, 5);
    const stride = Math.floor((300 * 299) / 2 / 4096);
    const taken: number[] = [];
    let number = 0;
    for (let i = 0; i < 300; i++) for (let j = i + 1; j < 300; j++) if (number++ % stride === 0) taken.push(distance(rows[i]!, rows[j]!));
    expect(stride).toBeGreaterThan(5);
    expect(diversity(rows, all(300))).toBeCloseTo(taken.reduce((a, b) => a + b, 0) / taken.length, 6);
  });
});
