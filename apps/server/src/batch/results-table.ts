// The results of a batch as files: CSV for spreadsheets, JSON lines for programs; a row of the batch each.
import { prepareGraph, type Asset, type BatchDetails, type BatchRowRecord, type Definitions } from '@facewright/core';
import { collectAssets } from '@facewright/engine';
import { stringify } from 'csv-stringify/sync';

export interface ResultsTable {
  readonly header: string;
  csv(record: BatchRowRecord): string;
  jsonl(record: BatchRowRecord): string;
}
/** Where a file of a row is, as the table says it. */
export type PlaceOf = (asset: Asset, record: BatchRowRecord) => string;

/** A text that a spreadsheet would take for a formula gets an apostrophe; a number is none. */
const plain = (cell: unknown): unknown =>
  typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell) && Number.isNaN(Number(cell)) ? `'${cell}` : cell;
const line = (cells: readonly unknown[]): string => stringify([cells.map(plain)], { cast: { boolean: String } });

/** Columns of the data keep their names, with `data.` before one that the table has already. Files of an output are separated by a space and a bar. */
export function resultsTable(batch: BatchDetails, definitions: Definitions, placeOf: PlaceOf): ResultsTable {
  const { graph, targets } = prepareGraph(batch.graph, definitions);
  const outputs = targets.flatMap((node) =>
    Object.entries(definitions.get(graph.nodes[node]!.type)?.definition.outputs ?? {})
      // Numbers are among the scores.
      .filter(([, { type }]) => type.kind !== 'number' && type.kind !== 'seed')
      .map(([output]) => ({ node, output })),
  );
  const own = ['row', 'status', 'seconds', 'attempt', 'error'];
  const sides = [...batch.matrix.map(({ target }) => target), ...(batch.runs > 1 ? ['run', ...batch.seeds] : [])];
  const taken = new Set([...own, ...sides]);
  const dataColumns = batch.columns.map(({ column }) => column);
  const rest = [...batch.scoreNames, ...outputs.map(({ node, output }) => `${node}.${output}`)];
  const cellOf = (record: BatchRowRecord, node: string, output: string): string => {
    const value = record.outputs[node]?.[output];
    const files = collectAssets(value).map((asset) => placeOf(asset, record));
    return files.length > 0 ? files.join(' | ') : value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  };
  return {
    header: line([...own, ...dataColumns.map((name) => (taken.has(name) ? `data.${name}` : name)), ...sides, ...rest]),
    csv: (record) =>
      line([
        record.row,
        record.status,
        record.status === 'waiting' ? '' : record.seconds.toFixed(3),
        record.attempt,
        record.problems.map(({ message }) => message).join('; '),
        ...dataColumns.map((name) => record.data[name] ?? ''),
        ...sides.map((name) => (name === 'run' ? record.run : (record.values[name] ?? ''))),
        ...batch.scoreNames.map((name) => record.scores[name] ?? ''),
        ...outputs.map(({ node, output }) => cellOf(record, node, output)),
      ]),
    jsonl: (record) => {
      const { recorded: _, dataRow, outputs: given, ...told } = record;
      const files = Object.entries(given).flatMap(([node, ports]) =>
        Object.entries(ports).map(
          ([output, value]) => [`${node}.${output}`, collectAssets(value).map((asset) => placeOf(asset, record))] as const,
        ),
      );
      return `${JSON.stringify({ ...told, dataRow, files: Object.fromEntries(files.filter(([, list]) => list.length > 0)) })}\n`;
    },
  };
}
