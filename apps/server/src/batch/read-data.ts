// The rows of a batch from what people have: CSV, JSON lines, a folder of pictures, or rows as they are. Read in one stream, as often as it is asked for.
import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import { Readable } from 'node:stream';
import { CodedError } from '@facewright/tensor';
import type { Cell, DataRow } from '@facewright/core';
import { CsvError, parse } from 'csv-parse';
import { err } from '../errors.ts';

/** `line`: where a person finds it in the file, from 1; of other data it is the row. */
export type ReadRow = { readonly line: number } & ({ readonly cells: DataRow } | { readonly problem: string; readonly column?: string });
export interface Data {
  /** For messages. */
  readonly name: string;
  /** In the order of the file; of JSON lines, as they first come. */
  columns(): Promise<readonly string[]>;
  /** Rows without any value are left out. Throws SERVER_BATCH_DATA where the rest cannot be read. */
  rows(): AsyncIterable<ReadRow>;
}

const MOST_CHARACTERS = 2 ** 20;
export const PICTURE_ENDINGS = ['.png', '.jpg', '.jpeg', '.webp'] as const;

/** `name` tells the kind by its ending; `path` is where it lies. Throws SERVER_BATCH_DATA. */
export function openDataFile(name: string, path: string): Data {
  switch (extname(name).toLowerCase()) {
    case '.csv':
    case '.txt':
      return openCsv(name, path, null);
    case '.tsv':
      return openCsv(name, path, '\t');
    case '.jsonl':
    case '.ndjson':
      return openJsonLines(name, path);
    default:
      throw err.BATCH_DATA(name, 'a .csv, .tsv or .jsonl file, or a folder of pictures', extname(name) || 'a name without ending');
  }
}

/** A row for each picture: its path as `file`, its name without ending as `name`. */
export function pictureRows(folder: string, paths: readonly string[]): Data {
  const rows = paths.map((file) => ({ file, name: basename(file, extname(file)) }));
  return {
    name: basename(folder),
    columns: async () => ['file', 'name'],
    async *rows() {
      for (const [i, cells] of rows.entries()) yield { line: i + 1, cells };
    },
  };
}

export function givenRows(rows: readonly Readonly<Record<string, unknown>>[]): Data {
  return {
    name: 'rows',
    columns: async () => [...new Set(rows.flatMap(Object.keys))],
    rows: () => flat(rows.map((row, i) => [i + 1, row])),
  };
}

async function* flat(rows: Iterable<readonly [line: number, row: Readonly<Record<string, unknown>>]>): AsyncGenerator<ReadRow> {
  for (const [line, row] of rows) yield flatRow(line, row);
}
function flatRow(line: number, row: Readonly<Record<string, unknown>>): ReadRow {
  const nested = Object.entries(row).find(([, value]) => typeof value === 'object' && value !== null);
  if (nested)
    return {
      line,
      column: nested[0],
      problem: `expected text, a number, true, false or null, got ${Array.isArray(nested[1]) ? 'a list' : 'an object'}; write it flat`,
    };
  return { line, cells: row as Record<string, Cell> };
}

/** Text in UTF-8, or in UTF-16 where a byte order mark says so, as spreadsheets write it. */
async function* textOf(name: string, path: string): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  const decode = (part?: Uint8Array): string => {
    try {
      return decoder!.decode(part, { stream: part !== undefined });
    } catch {
      throw err.BATCH_DATA(name, 'text in UTF-8', 'bytes that are none; save it as "CSV UTF-8"');
    }
  };
  try {
    for await (const part of createReadStream(path, { highWaterMark: 2 ** 18 }) as AsyncIterable<Uint8Array>) {
      const utf16 = (part[0] === 0xff && part[1] === 0xfe && 'utf-16le') || (part[0] === 0xfe && part[1] === 0xff && 'utf-16be');
      decoder ??= new TextDecoder(utf16 || 'utf-8', { fatal: true });
      yield decode(part);
    }
  } catch (error) {
    throw error instanceof CodedError ? error : err.BATCH_DATA(name, 'a readable file', (error as Error).message);
  }
  if (decoder) yield decode();
}

async function* linesOf(name: string, path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const text of textOf(name, path)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    if (rest.length > MOST_CHARACTERS) throw err.BATCH_DATA(name, `lines of at most ${MOST_CHARACTERS} characters`, 'a longer one');
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function openJsonLines(name: string, path: string): Data {
  const rows = async function* (): AsyncGenerator<ReadRow> {
    let line = 0;
    for await (const text of linesOf(name, path)) {
      line++;
      if (text.trim() !== '') yield parseLine(line, text);
    }
  };
  return {
    name,
    rows,
    async columns() {
      const columns = new Set<string>();
      for await (const row of rows()) if ('cells' in row) for (const column of Object.keys(row.cells)) columns.add(column);
      return [...columns];
    },
  };
}
function parseLine(line: number, text: string): ReadRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, problem: `expected JSON, got ${text.trim().slice(0, 40)}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { line, problem: `expected an object in braces, got ${text.trim().slice(0, 40)}` };
  return flatRow(line, value as Record<string, unknown>);
}

function openCsv(name: string, path: string, given: '\t' | null): Data {
  /** Records with the names of the columns as the first. */
  const records = async function* (): AsyncGenerator<{ readonly line: number; readonly record: readonly string[] }> {
    const separator = given ?? separatorOf((await linesOf(name, path).next()).value ?? '');
    const parser = parse({
      delimiter: separator,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      max_record_size: MOST_CHARACTERS,
    });
    const source = Readable.from(textOf(name, path));
    source.on('error', (error) => parser.destroy(error));
    try {
      for await (const { record, info } of source.pipe(parser) as AsyncIterable<{ record: string[]; info: { lines: number } }>)
        yield { line: info.lines, record };
    } catch (error) {
      if (error instanceof CsvError) throw err.BATCH_DATA(name, 'CSV', error.message);
      throw error;
    } finally {
      source.destroy();
    }
  };
  const namesIn = (record: readonly string[]): readonly string[] => {
    const names = record.map((column) => column.trim());
    const last = names.findLastIndex((column) => column !== '');
    names.length = last + 1;
    const unnamed = names.indexOf('');
    if (unnamed >= 0) throw err.BATCH_DATA(name, 'a name for every column', `none for column ${unnamed + 1}`);
    const twice = names.find((column, i) => names.indexOf(column) !== i);
    if (twice !== undefined) throw err.BATCH_DATA(name, 'columns of different names', `two called ${twice}`);
    return names;
  };
  return {
    name,
    async columns() {
      for await (const { record } of records()) return namesIn(record);
      throw err.BATCH_DATA(name, 'a line with the names of the columns', 'an empty file');
    },
    async *rows() {
      let names: readonly string[] | undefined;
      for await (const { line, record } of records()) {
        if (!names) names = namesIn(record);
        else if (record.length < names.length || record.slice(names.length).some((cell) => cell.trim() !== ''))
          yield { line, problem: `expected ${names.length} cells, got ${record.length}` };
        else yield { line, cells: Object.fromEntries(names.map((column, i) => [column, record[i]!])) };
      }
    },
  };
}

/** The one that the line of names has most of, as spreadsheets of some countries write semicolons. */
function separatorOf(header: string): string {
  const outside = header.replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((each) => [each, outside.split(each).length] as const);
  return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}
