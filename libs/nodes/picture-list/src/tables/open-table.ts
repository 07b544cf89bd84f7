// A table by the ending of its file.
import { extname } from 'node:path';
import type { NodeContext } from '@facewright/core';
import { err } from '../errors.ts';
import { openDelimited } from './delimited.ts';
import { openJsonLines } from './json-lines.ts';
import { openParquet } from './parquet.ts';
import type { Table } from './table.ts';

const formats: Readonly<Record<string, { readonly name: string; open(path: string, ctx: NodeContext): Promise<Table> }>> = {
  '.jsonl': { name: 'JSON Lines', open: openJsonLines },
  '.ndjson': { name: 'JSON Lines', open: openJsonLines },
  '.csv': { name: 'CSV', open: (path, ctx) => openDelimited(path, null, ctx) },
  '.tsv': { name: 'TSV', open: (path, ctx) => openDelimited(path, '\t', ctx) },
  '.parquet': { name: 'Parquet', open: openParquet },
};

/** Throws PICTURE_LIST_FORMAT, PICTURE_LIST_UNREADABLE. */
export async function openTable(path: string, ctx: NodeContext): Promise<Table> {
  const format = formats[extname(path).toLowerCase()];
  if (!format) throw err.FORMAT(path);
  try {
    return await format.open(path, ctx);
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw err.UNREADABLE(path, format.name, error instanceof Error ? error.message : String(error));
  }
}
