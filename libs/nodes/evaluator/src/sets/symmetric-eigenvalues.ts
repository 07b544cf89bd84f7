// Eigenvalues of a symmetric matrix, without vectors: Householder's reduction to a tridiagonal matrix, then the implicit QL algorithm
// (Golub and Van Loan, Matrix Computations, 8.3). About 4/3 n³ multiplications.

/** `matrix` is n x n, row by row, and is overwritten; only its lower triangle is read. Ascending. */
export function symmetricEigenvalues(matrix: Float64Array, n: number): Float64Array {
  const { diagonal, off } = tridiagonal(matrix, n);
  for (let l = 0; l < n; l++) {
    for (;;) {
      // the first negligible off-diagonal entry splits the matrix
      let m = l;
      for (; m < n - 1; m++) {
        const size = Math.abs(diagonal[m]!) + Math.abs(diagonal[m + 1]!);
        if (Math.abs(off[m]!) <= Number.EPSILON * size) break;
      }
      if (m === l) break;
      let g = (diagonal[l + 1]! - diagonal[l]!) / (2 * off[l]!);
      let r = Math.hypot(g, 1);
      g = diagonal[m]! - diagonal[l]! + off[l]! / (g + (g >= 0 ? r : -r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * off[i]!;
        const b = c * off[i]!;
        r = Math.hypot(f, g);
        off[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1]! -= p;
          off[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = diagonal[i + 1]! - p;
        r = (diagonal[i]! - g) * s + 2 * c * b;
        p = s * r;
        diagonal[i + 1] = g + p;
        g = c * r - b;
      }
      if (r === 0 && i >= l) continue;
      diagonal[l]! -= p;
      off[l] = g;
      off[m] = 0;
    }
  }
  return diagonal.sort();
}

/** `off[i]` stands beside `diagonal[i]` and `diagonal[i + 1]`. */
function tridiagonal(a: Float64Array, n: number): { diagonal: Float64Array; off: Float64Array } {
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  const p = new Float64Array(n);
  for (let k = n - 1; k > 0; k--) {
    // the reflection that turns row k's first k entries into a multiple of the last of them
    const row = a.subarray(k * n, k * n + k);
    let norm = 0;
    for (let j = 0; j < k; j++) norm += row[j]! * row[j]!;
    norm = Math.sqrt(norm);
    const last = row[k - 1]!;
    const alpha = last >= 0 ? -norm : norm;
    diagonal[k] = a[k * n + k]!;
    off[k - 1] = alpha;
    row[k - 1] = last - alpha;
    // half the squared length of the reflection's vector
    const h = norm * norm - last * alpha;
    if (h === 0) continue;
    p.fill(0, 0, k);
    for (let i = 0; i < k; i++) {
      const from = i * n;
      const v = row[i]!;
      let sum = 0;
      for (let j = 0; j < i; j++) {
        sum += a[from + j]! * row[j]!;
        p[j]! += a[from + j]! * v;
      }
      p[i]! += sum + a[from + i]! * v;
    }
    let along = 0;
    for (let j = 0; j < k; j++) {
      p[j]! /= h;
      along += p[j]! * row[j]!;
    }
    along /= 2 * h;
    for (let j = 0; j < k; j++) p[j]! -= along * row[j]!;
    for (let i = 0; i < k; i++) {
      const from = i * n;
      const [v, q] = [row[i]!, p[i]!];
      for (let j = 0; j <= i; j++) a[from + j]! -= v * p[j]! + q * row[j]!;
    }
  }
  if (n > 0) diagonal[0] = a[0]!;
  return { diagonal, off };
}
