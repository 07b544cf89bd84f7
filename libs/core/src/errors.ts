// Coded errors of the contract: ports, graph documents, node definitions.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('CORE', {
  BAD_VALUE: (want: string, got: unknown) => `expected ${want}, got ${show(got)}`,
});

/** A value in an error message: JSON where there is one, cut to a readable length. NaN and infinities keep their names. */
export function show(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}
