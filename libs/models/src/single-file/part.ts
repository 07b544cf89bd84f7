// One part of a file: the tensors that a module needs, found where the file keeps them, and everything there that does not fit.
import type { Shape } from '@facewright/tensor';
import type { Json } from '../config.ts';
import type { Comparison } from '../nn/compare.ts';
import type { Module } from '../nn/module.ts';
import type { StoredTensor } from '../nn/weight-sources.ts';
import { thirdOfRows } from './open-clip-names.ts';

export interface Part {
  /** As diffusers and transformers write config.json. */
  readonly config: Json;
  /** By the names of the module. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** Where a file keeps a parameter: under a name, or as one third of the rows of a fused one. */
export interface Place {
  readonly name: string;
  readonly third?: 0 | 1 | 2;
}

export interface PartLayout {
  readonly module: Module;
  readonly place: (name: string) => Place;
  /** Whether a name of the file belongs to this part. */
  readonly owns: (name: string) => boolean;
  /** Names of this part that are no weights of the module, and no mistake. */
  readonly harmless: (name: string) => boolean;
}

export interface FoundPart {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** By the names of the file. */
  readonly differences: Comparison;
}

/** Null where the file has nothing of the part. Nothing is read and nothing copied. */
export function findPart(file: ReadonlyMap<string, StoredTensor>, { module, place, owns, harmless }: PartLayout): FoundPart | null {
  const own = [...file.keys()].filter((name) => owns(name) && !harmless(name));
  if (own.length === 0) return null;
  const tensors = new Map<string, StoredTensor>();
  const used = new Set<string>();
  const missing = new Set<string>();
  const misshapen = new Map<string, Comparison['misshapen'][number]>();
  for (const [name, { shape }] of module.parameters()) {
    const { name: there, third } = place(name);
    const want = third === undefined ? shape : [3 * shape[0]!, ...shape.slice(1)];
    const stored = file.get(there);
    used.add(there);
    if (!stored) missing.add(there);
    else if (String(matrix(stored.shape)) !== String(matrix(want))) misshapen.set(there, { name: there, want, got: stored.shape });
    else tensors.set(name, { ...(third === undefined ? stored : thirdOfRows(stored, third)), shape });
  }
  return {
    tensors,
    differences: { missing: [...missing], misshapen: [...misshapen.values()], unexpected: own.filter((name) => !used.has(name)) },
  };
}

/** Some files hold a 1x1 convolution where others hold a matrix: the same numbers. */
const matrix = (shape: Shape): Shape => (shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape);
