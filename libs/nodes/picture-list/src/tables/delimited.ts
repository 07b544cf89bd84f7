// CSV and TSV with a line of column names.
import { Readable } from 'node:stream';
import type { NodeContext } from '@facewright/core';
import { CsvError, parse } from 'csv-parse';
import type { Row, Table } from './table.ts';
import { countLines, linesOf, partsOf } from './text-lines.ts';

const delimiters = [',', ';', '\t', '|'];
const mostBytesOfRow = 16 * 2 ** 20;

export async function openDelimited(path: string, delimiter: '\t' | null, ctx: NodeContext): Promise<Table> {
  const header = (await linesOf(path, ctx).next()).value ?? '';
  const between = delimiter ?? delimiterOf(header);
  const columns: string[] = [];
  for await (const record of Readable.from([header]).pipe(parse({ delimiter: between, bom: true, trim: true, relax_quotes: true })))
    columns.push(...(record as string[]));
  return { unit: 'line', columns, length: await countLines(path, ctx), rows: () => rowsOf(path, between, ctx) };
}

/** The one that the line of column names has most of, as spreadsheets of some countries write semicolons. */
function delimiterOf(header: string): string {
  const names = header.replace(/"[^"]*"/g, '');
  const counts = delimiters.map((each) => names.split(each).length);
  return delimiters[counts.indexOf(Math.max(...counts))]!;
}

async function* rowsOf(path: string, delimiter: string, ctx: NodeContext): AsyncGenerator<Row> {
  const skipped: Row[] = [];
  const skip = (error: unknown) => {
    if (!(error instanceof CsvError)) throw error;
    // what the library says ends with the line, which the place already tells
    skipped.push({ line: Number(error['lines'] ?? 0), problem: error.message.replace(/ (at|on) line \d+.*$/i, '') });
  };
  const parser = parse({
    delimiter,
    bom: true,
    columns: (names: string[]) => names.map((name) => name.trim()),
    info: true,
    max_record_size: mostBytesOfRow,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => void skip(error),
  });
  const source = Readable.from(partsOf(path, ctx), { objectMode: false });
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      yield* skipped.splice(0);
      yield { line: info.lines, record };
    }
  } catch (error) {
    skip(error);
  } finally {
    source.destroy();
  }
  yield* skipped;
}
