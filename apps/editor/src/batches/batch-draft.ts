// A batch that is being put together: what it is asked for with, and what the server said of it last.
import type { BatchCheck, BatchData, BatchRequest, Graph } from '@facewright/core';

export interface BatchDraft {
  readonly graph: Graph;
  readonly data: BatchData | null;
  /** What the data is called for people. */
  readonly dataName: string;
  /** Files on their way to the server: done, and all. */
  readonly uploading: readonly [done: number, total: number] | null;
  /** Chosen by hand: NODE.INPUT; null: the column is carried along. Columns that are not in it are matched by the server. */
  readonly map: Readonly<Record<string, string | null>>;
  readonly matrix: readonly { readonly target: string; readonly values: string }[];
  readonly runs: number;
  readonly stopAfterErrors: number | null;
  readonly check: BatchCheck | null;
  readonly checking: boolean;
  readonly starting: boolean;
  /** Why the server was not asked, or did not answer. */
  readonly problem: string;
  /** However often it is sent, it is begun once. */
  readonly key: string;
}

export const newDraft = (graph: Graph): BatchDraft => ({
  graph,
  data: null,
  dataName: '',
  uploading: null,
  map: {},
  matrix: [],
  runs: 1,
  stopAfterErrors: null,
  check: null,
  checking: false,
  starting: false,
  problem: '',
  key: crypto.randomUUID(),
});

/** Sides of the matrix that are still empty are left out. */
export const requestOf = ({ graph, data, map, matrix, runs, stopAfterErrors }: BatchDraft): BatchRequest => ({
  graph,
  ...(data && { data }),
  map: { ...map },
  matrix: Object.fromEntries(
    matrix.filter(({ target, values }) => target !== '' && values.trim() !== '').map(({ target, values }) => [target, values]),
  ),
  runs,
  stopAfterErrors,
});

/** There is something to run over. */
export const isOverSomething = ({ data, matrix, runs }: BatchDraft): boolean =>
  data !== null || runs > 1 || matrix.some(({ target, values }) => target !== '' && values.trim() !== '');
