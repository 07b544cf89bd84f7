// Weights of scorers as trainings on several devices save them.
import type { StoredTensor } from '@facewright/models';

const wrapped = 'module.';

/** Names without the `module.` that distributed training puts before all of them. */
export function withoutModulePrefix(tensors: ReadonlyMap<string, StoredTensor>): ReadonlyMap<string, StoredTensor> {
  if (![...tensors.keys()].every((name) => name.startsWith(wrapped))) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [name.slice(wrapped.length), tensor]));
}
