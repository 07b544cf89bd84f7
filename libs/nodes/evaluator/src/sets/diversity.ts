// How unlike each other the pictures of a set are: a model that draws one face well has little of it.

/** Mean Euclidean distance between feature vectors of different pictures; at most 4,096 pairs, spread evenly over all, so that it stays cheap in a bootstrap. */
export function diversity(rows: readonly Float32Array[], indices: ArrayLike<number>): number {
  const count = indices.length;
  const all = (count * (count - 1)) / 2;
  const stride = Math.max(1, Math.floor(all / 4096));
  let sum = 0;
  let used = 0;
  let pair = 0;
  for (let i = 0; i < count; i++)
    for (let j = i + 1; j < count; j++, pair++) {
      // The same picture drawn twice by a resample says nothing about variety.
      if (pair % stride || indices[i] === indices[j]) continue;
      const a = rows[indices[i]!]!;
      const b = rows[indices[j]!]!;
      let squares = 0;
      for (let k = 0; k < a.length; k++) squares += (a[k]! - b[k]!) ** 2;
      sum += Math.sqrt(squares);
      used += 1;
    }
  return used ? sum / used : 0;
}
