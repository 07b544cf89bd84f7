// Numbers that are none: pictures of them would be black, and nobody would know why.
import { err } from '../errors.ts';

/** `where` says what gave the values, e.g. 'the U-Net at step 3 of 25'. Throws PIPELINES_NOT_FINITE. */
export function checkFinite(model: string, where: string, values: Float32Array): void {
  // zero for finite values, NaN as soon as one is not
  let zero = 0;
  for (const value of values) zero += value * 0;
  if (zero === 0) return;
  const wrong = values.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0);
  throw err.NOT_FINITE(model, where, `${wrong} of ${values.length} that are NaN or infinite`);
}
