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
}

/** Throws MODELS_WEIGHTS with missing, unexpected and misshapen parameters, by the file's own names. Older files also store position_ids, which count from 0 and are no weights: they are welcome. */
export function checkWeights(module: Module, checkpoint: ReadonlyMap<string, { readonly shape: Shape }>, { file }: CheckOptions): void {
  const { missing, unexpected, misshapen } = compare(module, checkpoint);
  const differences = {
    missing,
    misshapen,
    unexpected: unexpected.filter((name) => !/(^|\.)position_ids$/.test(name)),
  };
  const count = differenceCount(differences);
  if (count > 0) throw err.WEIGHTS(file, differenceLines(differences), count);
}

/** Names of one kind that a report spells out; a wrong file differs in hundreds. */
const spelledOut = 8;

export const differenceCount = ({ missing, misshapen, unexpected }: Comparison): number =>
  missing.length + misshapen.length + unexpected.length;

/** Differences for a reader: the first of each kind by name, the rest counted. */
export function differenceLines({ missing, misshapen, unexpected }: Comparison): string[] {
  const kinds = {
    missing,
    misshapen: misshapen.map(({ name, want, got }) => `${name} is [${got.join(', ')}], expected [${want.join(', ')}]`),
    unexpected,
  };
  return Object.entries(kinds).flatMap(([kind, all]) => [
    ...all.slice(0, spelledOut).map((name) => `${kind}: ${name}`),
    ...(all.length > spelledOut ? [`${kind}: ${all.length - spelledOut} more`] : []),
  ]);
}
