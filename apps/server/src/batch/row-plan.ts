// Row n of a batch, computed from its number: rows of the data outermost, so that rows can be added at the end, then the combinations of the matrix, then the runs.
import { type BatchColumn, type Cell, type DataRow, type Graph, type PortType } from '@facewright/core';
import { err } from '../errors.ts';
import { typedCell } from './typed-cell.ts';

export interface RowPlan {
  readonly columns: readonly BatchColumn[];
  readonly matrix: readonly { readonly target: string; readonly values: readonly Cell[] }[];
  /** Inputs whose seed is the graph's plus the number of the run. */
  readonly seeds: readonly { readonly target: string; readonly seed: number }[];
  readonly runs: number;
  /** What each target takes. */
  readonly types: Readonly<Record<string, PortType>>;
}

const combinations = ({ matrix }: Pick<RowPlan, 'matrix'>): bigint => matrix.reduce((n, { values }) => n * BigInt(values.length), 1n);

/** Rows of a batch over so many rows of data. Throws SERVER_BATCH_TOO_MANY where a number can no longer count them. */
export function countRows(plan: Pick<RowPlan, 'matrix' | 'runs'>, dataRows: number): number {
  const count = BigInt(dataRows) * combinations(plan) * BigInt(plan.runs);
  if (count > BigInt(Number.MAX_SAFE_INTEGER)) throw err.BATCH_TOO_MANY(String(count));
  return Number(count);
}

/** All from 0; `picks` has the index of the value of each side of the matrix, the last of which changes fastest. */
export function placeOf(plan: Pick<RowPlan, 'matrix' | 'runs'>, index: number): { dataRow: number; picks: readonly number[]; run: number } {
  const run = index % plan.runs;
  let rest = Math.floor(index / plan.runs);
  const picks = plan.matrix
    .toReversed()
    .map(({ values }) => {
      const pick = rest % values.length;
      rest = Math.floor(rest / values.length);
      return pick;
    })
    .reverse();
  return { dataRow: rest, picks, run };
}

/** What a row sets, by NODE.INPUT. Empty cells set nothing. */
export function valuesOf(plan: RowPlan, data: DataRow, picks: readonly number[], run: number): Readonly<Record<string, Cell>> {
  const values: Record<string, Cell> = {};
  for (const { column, targets } of plan.columns)
    for (const target of targets) {
      const value = typedCell(plan.types[target]!, data[column] ?? null);
      if (value !== null) values[target] = value;
    }
  plan.matrix.forEach(({ target, values: side }, i) => {
    values[target] = typedCell(plan.types[target]!, side[picks[i]!]!);
  });
  if (plan.runs > 1) for (const { target, seed } of plan.seeds) values[target] = (seed + run) % Number.MAX_SAFE_INTEGER;
  return values;
}

/** A copy of the graph with the values; an input that gets one loses its link. */
export function withValues(graph: Graph, values: Readonly<Record<string, Cell>>): Graph {
  const nodes = { ...graph.nodes };
  for (const [target, value] of Object.entries(values)) {
    const dot = target.lastIndexOf('.');
    const node = target.slice(0, dot);
    nodes[node] = { ...nodes[node]!, values: { ...nodes[node]!.values, [target.slice(dot + 1)]: value } };
  }
  const links = graph.links.some(({ to }) => Object.hasOwn(values, to.join('.')))
    ? graph.links.filter(({ to }) => !Object.hasOwn(values, to.join('.')))
    : graph.links;
  return { ...graph, nodes, links };
}
