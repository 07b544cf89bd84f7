// Which column of the data sets which inputs: as it is asked for, else by the column's name.
import { nearest, toProblem, type BatchColumn, type BatchProblem, type Definitions, type Graph } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err } from '../errors.ts';
import { findTarget, type Target } from './targets.ts';

export interface Matched {
  readonly columns: readonly BatchColumn[];
  readonly problems: readonly BatchProblem[];
  readonly notes: readonly string[];
}
export type ColumnMap = Readonly<Record<string, string | readonly string[] | null>>;

/** Case, spaces and the like do not count: "Negative prompt" is negative_prompt. */
const plain = (name: string) => name.toLowerCase().replace(/[\s_-]+/g, '');

/**
 * A column that is not in `map` is matched by its name: NODE.INPUT, with the node's id or title; the name of an input that no link feeds, where the graph has only one of that
 * name. The column `file` of a folder of pictures goes to the only input for a picture. Other columns have no targets.
 */
export function matchColumns(
  columns: readonly string[],
  map: ColumnMap,
  graph: Graph,
  definitions: Definitions,
  targets: readonly Target[],
): Matched {
  const problems: BatchProblem[] = [];
  const notes: string[] = [];
  const find = (text: string) => findTarget(text, graph, definitions, targets).name;
  for (const column of Object.keys(map))
    if (!columns.includes(column)) problems.push(toProblem(err.BATCH_COLUMN(column, columns, nearest(column, columns))));

  const byName = (column: string): readonly string[] => {
    if (column.includes('.'))
      try {
        return [find(column)];
      } catch {
        // A column may be called what it likes.
        return [];
      }
    const free = targets.filter(({ linked }) => !linked);
    const exact = free.filter(({ input }) => input === column);
    const fitting = exact.length > 0 ? exact : free.filter(({ input }) => plain(input) === plain(column));
    if (fitting.length > 1)
      notes.push(`column ${column}: fits ${fitting.map(({ name }) => name).join(', ')}, so it sets none until you say which`);
    if (fitting.length > 0) return fitting.length === 1 ? [fitting[0]!.name] : [];
    const pictures = free.filter(({ port: { type } }) => type.kind === 'path' && type.picture);
    return column === 'file' && pictures.length === 1 ? [pictures[0]!.name] : [];
  };
  const matched = columns.map((column): BatchColumn => {
    const asked = Object.hasOwn(map, column) ? map[column] : undefined;
    if (asked === undefined) return { column, targets: byName(column) };
    const found = [asked ?? []].flat().flatMap((text) => {
      try {
        return [find(text)];
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        problems.push({ ...toProblem(error.at(`column ${column}`, text)), column });
        return [];
      }
    });
    return { column, targets: [...new Set(found)] };
  });

  const sources = new Map<string, string[]>();
  for (const { column, targets: names } of matched)
    for (const name of names) sources.set(name, [...(sources.get(name) ?? []), `column ${column}`]);
  for (const [name, from] of sources) {
    const { node, input, linked } = targets.find((target) => target.name === name)!;
    if (from.length > 1) problems.push(toProblem(err.BATCH_TWICE(name, from), { node, port: input }));
    if (linked) notes.push(`${name}: ${from.join(' and ')} takes the place of its link`);
  }
  return { columns: matched, problems, notes };
}
