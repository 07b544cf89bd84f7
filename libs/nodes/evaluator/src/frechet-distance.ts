// Fréchet distance between two sets of feature vectors taken as Gaussians: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Dowson and Landau 1982; FID, arXiv 1706.08500).
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

export interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Matrix;
}

/** Mean and unbiased covariance of the rows named by `indices` (all rows when absent); needs at least two. */
export function fitGaussian(rows: readonly Float32Array[], indices?: ArrayLike<number>): Gaussian {
  const count = indices?.length ?? rows.length;
  const size = rows[0]!.length;
  const mean = new Float64Array(size);
  const row = (i: number) => rows[indices ? indices[i]! : i]!;
  for (let n = 0; n < count; n++) {
    const x = row(n);
    for (let i = 0; i < size; i++) mean[i]! += x[i]! / count;
  }
  const sums = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (let n = 0; n < count; n++) {
    const x = row(n);
    for (let i = 0; i < size; i++) centred[i] = x[i]! - mean[i]!;
    for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) sums[i * size + j]! += centred[i]! * centred[j]!;
  }
  const covariance = new Matrix(size, size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const value = sums[i * size + j]! / (count - 1);
      covariance.set(i, j, value);
      covariance.set(j, i, value);
    }
  return { mean, covariance };
}

/** Symmetric square root of a positive semi-definite matrix; negative eigenvalues of rounding are taken as zero. */
export function squareRoot(matrix: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(0, value))));
  return eigenvectorMatrix.mmul(roots).mmul(eigenvectorMatrix.transpose());
}

/** A reference set with its square root, so that many comparisons with it share the work. */
export const frechetReference = (rows: readonly Float32Array[]): Gaussian & { readonly root: Matrix } => {
  const gaussian = fitGaussian(rows);
  return { ...gaussian, root: squareRoot(gaussian.covariance) };
};

/** tr((C1 C2)^(1/2)) is the sum of square roots of the eigenvalues of R C2 R with R = C1^(1/2), which is symmetric. */
export function frechetDistance(reference: Gaussian & { readonly root: Matrix }, other: Gaussian): number {
  const product = reference.root.mmul(other.covariance).mmul(reference.root);
  const { realEigenvalues } = new EigenvalueDecomposition(product, { assumeSymmetric: true });
  const cross = realEigenvalues.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  const shift = reference.mean.reduce((sum, value, i) => sum + (value - other.mean[i]!) ** 2, 0);
  return shift + reference.covariance.trace() + other.covariance.trace() - 2 * cross;
}
