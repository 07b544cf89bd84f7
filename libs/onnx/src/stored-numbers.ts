// How much of a graph are weights that it stores.
import { sizeOf } from '@facewright/tensor';
import { inOrder } from './traverse.ts';
import type { Value } from './value.ts';

/** Numbers in all stored parameters that `outputs` depend on, each counted once by its name. */
export function storedNumbers(outputs: readonly Value[]): number {
  const sizes = new Map<string, number>();
  for (const { source, shape } of inOrder(outputs)) if (source.kind === 'parameter') sizes.set(source.name, sizeOf(shape));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
