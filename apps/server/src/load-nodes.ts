// The installed nodes, from a module that exports `packages`.
import { createCatalogue, type Catalogue, type NodePackage } from '@facewright/core';

export const BUILTIN_NODES = new URL('./builtin-nodes.ts', import.meta.url).href;

/** Throws CORE_BAD_CATALOGUE. Loads definitions only; the code of a node loads when it first runs. */
export async function loadNodes(module: string = BUILTIN_NODES): Promise<Catalogue> {
  const { packages } = (await import(module)) as { readonly packages: readonly NodePackage[] };
  return createCatalogue(packages);
}
