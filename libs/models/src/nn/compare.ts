// Does a checkpoint hold what a model needs? All differences at once, under the checkpoint's own names.
import type { Shape } from '@facewright/tensor';
import { err } from '../errors.ts';
import type { Module } from './module.ts';

export interface Comparison {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly misshapen: readonly { readonly name: string; readonly want: Shape; readonly got: Shape }[];
}

/** Names and shapes of a checkpoint against the parameters of a module. */
export function compare(module: Module, checkpoint: ReadonlyMap<string, { readonly shape: Shape }>): Comparison {
  const own = new Map(module.parameters());
  return {
    missing: [...own.keys()].filter((name) => !checkpoint.has(name)),
    unexpected: [...checkpoint.keys()].filter((name) => !own.has(name)),
    misshapen: [...own].flatMap(([name, { shape }]) => {
      const got = checkpoint.get(name)?.shape;
      return got && (got.length !== shape.length || got.some((size, i) => size !== shape[i])) ? [{ name, want: shape, got }] : [];
    }),
  };
}

export interface CheckOptions {
  /** The checkpoint, as a reader would call it. */
  readonly file: string;
  /** How the file itself spells a name, when it was mapped. */
  readonly fileName?: (name: string) => string;
}

/** Throws MODELS_WEIGHTS with every missing, unexpected and misshapen parameter, by the file's own names. Older files also store position_ids, which count from 0 and are no weights: they are welcome. */
export function checkWeights(module: Module, checkpoint: ReadonlyMap<string, { readonly shape: Shape }>, options: CheckOptions): void {
  const { file, fileName = (name: string) => name } = options;
  const { missing, unexpected, misshapen } = compare(module, checkpoint);
  const problems = [
    ...missing.map((name) => `missing: ${fileName(name)}`),
    ...misshapen.map(({ name, want, got }) => `misshapen: ${fileName(name)} is [${got.join(', ')}], expected [${want.join(', ')}]`),
    ...unexpected.filter((name) => !/(^|\.)position_ids$/.test(name)).map((name) => `unexpected: ${fileName(name)}`),
  ];
  if (problems.length > 0) throw err.WEIGHTS(file, problems);
}
