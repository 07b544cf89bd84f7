// Comparison of the last dimensions of a file's outputs with those a detector has.

/** Whether they agree where the file declares them. */
export const agrees = (last: readonly (number | null)[], want: readonly number[]): boolean =>
  last.length === want.length && last.every((size, i) => size === null || size === want[i]);
