// Ridge regression: linear read-outs of features, to see what they carry and to measure with.

export interface ReadOut {
  /** Values of the targets for a row of features. */
  predict(row: ArrayLike<number>): number[];
}

/**
 * Minimises |Y - X W - b|² + strength n |W|² over standardised features (Hoerl and Kennard 1970). Rows of features and of targets belong together. Solved through the
 * Gram matrix of rows where there are more features than rows.
 */
export function fitRidge(
  features: readonly ArrayLike<number>[],
  targets: readonly ArrayLike<number>[],
  { strength }: { readonly strength: number },
): ReadOut {
  const [n, width, outputs] = [features.length, features[0]!.length, targets[0]!.length];
  const columns = (rows: readonly ArrayLike<number>[], size: number) =>
    Float64Array.from({ length: size }, (_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length);
  const [mean, level] = [columns(features, width), columns(targets, outputs)];
  const scale = mean.map((m, j) => 1 / (Math.sqrt(features.reduce((sum, row) => sum + (row[j]! - m) ** 2, 0) / n) || 1));
  const standard = (row: ArrayLike<number>) => Float64Array.from({ length: width }, (_, j) => (row[j]! - mean[j]!) * scale[j]!);
  const x = features.map(standard);
  const y = targets.map((row) => Float64Array.from({ length: outputs }, (_, k) => row[k]! - level[k]!));
  const dual = width > n;
  const size = dual ? n : width;
  const gram = Array.from({ length: size }, () => new Float64Array(size));
  if (dual) for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) gram[i]![j] = dot(x[i]!, x[j]!);
  else for (const row of x) for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) gram[i]![j]! += row[i]! * row[j]!;
  for (let i = 0; i < size; i++) gram[i]![i]! += strength * n;
  cholesky(gram);
  const weights = Array.from({ length: outputs }, (_, k) => {
    const right = dual
      ? Float64Array.from(y, (row) => row[k]!)
      : Float64Array.from({ length: width }, (_, j) => x.reduce((sum, row, i) => sum + row[j]! * y[i]![k]!, 0));
    const solved = solve(gram, right);
    if (!dual) return solved;
    const whole = new Float64Array(width);
    solved.forEach((a, i) => x[i]!.forEach((v, j) => (whole[j]! += a * v)));
    return whole;
  });
  return {
    predict(row) {
      const s = standard(row);
      return weights.map((w, k) => level[k]! + dot(w, s));
    },
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** In place: the lower triangle of a symmetric positive definite matrix becomes its factor. */
function cholesky(a: Float64Array[]): void {
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i]![j]!;
      for (let k = 0; k < j; k++) sum -= a[i]![k]! * a[j]![k]!;
      a[i]![j] = i === j ? Math.sqrt(sum) : sum / a[j]![j]!;
    }
}

function solve(factor: readonly Float64Array[], right: Float64Array): Float64Array {
  const x = Float64Array.from(right);
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i]! -= factor[i]![k]! * x[k]!;
    x[i]! /= factor[i]![i]!;
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i]! -= factor[k]![i]! * x[k]!;
    x[i]! /= factor[i]![i]!;
  }
  return x;
}
