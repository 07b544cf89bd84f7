// What changes weights needs weights: a finished graph has none that could be reached by name.
import type { Model } from '@facewright/core';
import { err } from '../errors.ts';
import { isExported } from './open-exported.ts';

/** `what` is added to the weights of the model, e.g. 'a LoRA'. Throws PIPELINES_EXPORTED. */
export function checkOwnWeights(handle: Model, what: string): void {
  const exported = Object.keys(handle.components).filter((name) => isExported(handle, name));
  if (exported.length > 0) throw err.EXPORTED(handle.name, what, exported);
}
