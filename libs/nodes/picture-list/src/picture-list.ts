// Picture list: the work of the node.
import { basename, dirname, resolve } from 'node:path';
import type { NodeContext, NodeRun } from '@facewright/core';
import { usualColumn } from './column-names.ts';
import type { pictureList } from './definition.ts';
import { err } from './errors.ts';
import { gatherPictures, mostBytes, type Item } from './gather-pictures.ts';
import { openTable } from './tables/open-table.ts';
import type { Table } from './tables/table.ts';

interface Columns {
  readonly picture: string;
  readonly caption: string | undefined;
  readonly key: string | undefined;
}

/** Throws PICTURE_LIST_NO_FILE, _FORMAT, _UNREADABLE, _COLUMN, _NO_PICTURES, _ADDRESSES, _EMPTY and, with the lines of all that cannot be read, _PROBLEMS. */
export const run: NodeRun<typeof pictureList> = async ({ list, folder, picture, caption, key, limit, broken }, ctx) => {
  const kind = await ctx.files.exists(list);
  if (kind !== 'file') throw err.NO_FILE('list', list, kind === null ? 'nothing' : 'a folder');
  const ref = await ctx.files.ref(list);
  const start = folder ?? dirname('path' in ref ? ref.path : list);
  const table = await openTable(list, ctx);
  if (table.length === 0 || table.columns.length === 0) throw err.EMPTY(`list ${list}`);
  const columns = columnsOf(table, { picture, caption, key });
  const images = await gatherPictures(
    itemsOf(table, columns, start, ctx),
    { what: `list ${basename(list)}`, total: table.length, limit, broken },
    ctx,
  );
  return { images };
};

function columnsOf({ columns }: Table, asked: { readonly picture: string; readonly caption: string; readonly key: string }): Columns {
  for (const [input, column] of Object.entries(asked))
    if (column !== '' && !columns.includes(column)) throw err.COLUMN(input, column, columns);
  const find = (of: 'picture' | 'caption' | 'key') => asked[of] || usualColumn(of, columns);
  const picture = find('picture');
  if (picture === undefined) {
    const address = usualColumn('address', columns);
    throw address === undefined ? err.NO_PICTURES(columns) : err.ADDRESSES(address);
  }
  return { picture, caption: find('caption'), key: find('key') };
}

async function* itemsOf(table: Table, columns: Columns, start: string, ctx: NodeContext): AsyncGenerator<Item> {
  for await (const row of table.rows(Object.values(columns).filter((name) => name !== undefined))) {
    const place = { where: `${table.unit} ${row.line}`, done: row.line };
    if ('problem' in row) {
      yield { ...place, problem: row.problem };
      continue;
    }
    const found = pictureIn(row.record[columns.picture]);
    if ('problem' in found) {
      yield { ...place, problem: `${columns.picture}: ${found.problem}` };
      continue;
    }
    const named = columns.key === undefined ? '' : textOf(row.record[columns.key]);
    const caption = columns.caption === undefined ? '' : textOf(row.record[columns.caption]);
    if ('bytes' in found) {
      const { bytes, name } = found;
      yield { ...place, key: named || name || `${table.unit} ${row.line}`, caption, read: async () => bytes };
    } else {
      const { path } = found;
      yield { ...place, key: named || keyOf(path), caption, read: () => readPicture(resolve(start, path), ctx) };
    }
  }
}

type Found = { readonly bytes: Uint8Array; readonly name: string } | { readonly path: string } | { readonly problem: string };

/** A path, bytes, or both in an object, as Hugging Face's sets have them. */
function pictureIn(value: unknown): Found {
  if (value instanceof Uint8Array) return { bytes: value, name: '' };
  if (typeof value === 'object' && value !== null) {
    const { bytes, path } = value as { readonly bytes?: unknown; readonly path?: unknown };
    const name = textOf(path);
    if (bytes instanceof Uint8Array) return { bytes, name: basename(name) };
    return name === '' ? { problem: 'expected a path or the bytes of a picture, got neither' } : pictureIn(name);
  }
  const path = textOf(value);
  if (path === '') return { problem: 'expected the path of a picture, got nothing' };
  // two letters at least, as a drive of Windows has one
  if (/^([a-z][a-z0-9+.-]+:\/\/|data:)/i.test(path))
    return { problem: `expected the path of a picture on this machine, got an address (${path.slice(0, 80)}), which is not fetched` };
  return { path };
}

const textOf = (value: unknown): string => {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value).trim();
  if (Array.isArray(value)) return textOf(value[0]);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value).trim() : '';
};

/** The path as the list writes it where it is relative, so that files of one name in different folders stay apart. */
const keyOf = (path: string): string => (resolve(path) === path ? basename(path) : path.replace(/^(\.\/)+/, ''));

async function readPicture(path: string, ctx: NodeContext): Promise<Uint8Array> {
  const kind = path.includes('\0') ? null : await ctx.files.exists(path);
  if (kind !== 'file') throw new Error(`expected a picture at ${path}, got ${kind === null ? 'no file' : 'a folder'}`);
  const bytes = await ctx.files.size(path);
  if (bytes > mostBytes) throw new Error(`expected a picture of at most ${mostBytes} bytes, got ${bytes} in ${path}`);
  return ctx.files.read(path);
}
