// A Bᵀ of two lists of rows: all dot products of one with the other.

/** Rows of `size` numbers each; [rowsA, rowsB], row by row. */
export function timesTransposed(a: Float64Array, rowsA: number, b: Float64Array, rowsB: number, size: number): Float64Array {
  const out = new Float64Array(rowsA * rowsB);
  for (let i = 0; i < rowsA; i++) {
    const from = i * size;
    let j = 0;
    // four sums at once, since each alone would wait for its last addition
    for (; j + 4 <= rowsB; j += 4) {
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      let [q0, q1, q2, q3] = [j * size, (j + 1) * size, (j + 2) * size, (j + 3) * size];
      for (let p = from; p < from + size; p++) {
        const value = a[p]!;
        s0 += value * b[q0++]!;
        s1 += value * b[q1++]!;
        s2 += value * b[q2++]!;
        s3 += value * b[q3++]!;
      }
      const at = i * rowsB + j;
      out[at] = s0;
      out[at + 1] = s1;
      out[at + 2] = s2;
      out[at + 3] = s3;
    }
    for (; j < rowsB; j++) {
      let sum = 0;
      for (let p = from, q = j * size; p < from + size; p++, q++) sum += a[p]! * b[q]!;
      out[i * rowsB + j] = sum;
    }
  }
  return out;
}
