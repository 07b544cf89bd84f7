// How unlike each other the pictures of a set are: a model that draws one face well has little of it.

/** Pairs that are looked at, so that it stays cheap in a bootstrap. */
const mostPairs = 4096;

/** Mean Euclidean distance between feature vectors of different pictures; of many pairs about 4,096, spread evenly over all. */
export function diversity(rows: readonly Float32Array[], indices: ArrayLike<number>): number {
  const count = indices.length;
  const stride = Math.max(1, Math.floor((count * (count - 1)) / 2 / mostPairs));
  let sum = 0;
  let used = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    // Pairs are numbered row by row; those whose number is a multiple of the stride are taken.
    for (let j = i + 1 + ((stride - (before % stride)) % stride); j < count; j += stride) {
      // The same picture drawn twice by a resample says nothing about variety.
      if (indices[i] === indices[j]) continue;
      const a = rows[indices[i]!]!;
      const b = rows[indices[j]!]!;
      let squares = 0;
      for (let k = 0; k < a.length; k++) squares += (a[k]! - b[k]!) ** 2;
      sum += Math.sqrt(squares);
      used += 1;
    }
    before += count - 1 - i;
  }
  return used ? sum / used : 0;
}
