import { createRng } from '@facewright/tensor';
import { Matrix } from 'ml-matrix';
import { expect, it } from 'vitest';
import { fitGaussian, frechetDistance, frechetReference, squareRoot } from './frechet-distance.ts';

const cloud = (seed: number, count: number, scale: readonly number[], shift: readonly number[]) => {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => rng.normal(scale.length).map((v, i) => v * scale[i]! + shift[i]!));
};

it('is the closed form for Gaussians with diagonal covariances', () => {
  const gaussian = (mean: number[], variances: number[]) => ({ mean: Float64Array.from(mean), covariance: Matrix.diag(variances) });
  const a = gaussian([0, 1], [4, 9]);
  const b = gaussian([3, 1], [1, 16]);
  // |m|^2 + (2-1)^2 + (3-4)^2
  expect(frechetDistance({ ...a, root: squareRoot(a.covariance) }, b)).toBeCloseTo(9 + 1 + 1, 12);
});
it('is zero between a set and itself, symmetric, and grows with a shift', () => {
  const a = cloud(1, 400, [1, 2, 0.5], [0, 0, 0]);
  const b = cloud(2, 400, [1.5, 1, 0.5], [1, 0, 0]);
  expect(frechetDistance(frechetReference(a), fitGaussian(a))).toBeCloseTo(0, 8);
  expect(frechetDistance(frechetReference(a), fitGaussian(b))).toBeCloseTo(frechetDistance(frechetReference(b), fitGaussian(a)), 8);
  expect(frechetDistance(frechetReference(a), fitGaussian(b))).toBeGreaterThan(1);
});
it('takes the square root of a singular covariance', () => {
  const singular = new Matrix([
    [1, 1],
    [1, 1],
  ]);
  const root = squareRoot(singular);
  expect(Matrix.sub(root.mmul(root), singular).norm()).toBeLessThan(1e-12);
});
it('agrees with the mean and unbiased covariance computed by hand', () => {
  const { mean, covariance } = fitGaussian([Float32Array.of(1, 2), Float32Array.of(3, 6)]);
  expect([...mean]).toEqual([2, 4]);
  expect(covariance.to2DArray()).toEqual([
    [2, 4],
    [4, 8],
  ]);
});
