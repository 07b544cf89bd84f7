// JSON Lines: one object a line.
import type { NodeContext } from '@facewright/core';
import type { Row, Table } from './table.ts';
import { countLines, linesOf } from './text-lines.ts';

/** The columns are those of the first lines together, as objects leave out what they do not have. */
const looked = 100;

export async function openJsonLines(path: string, ctx: NodeContext): Promise<Table> {
  const columns = new Set<string>();
  let seen = 0;
  for await (const row of rowsOf(path, ctx)) {
    if ('record' in row) Object.keys(row.record).forEach((name) => columns.add(name));
    if (++seen === looked) break;
  }
  return { unit: 'line', columns: [...columns], length: await countLines(path, ctx), rows: () => rowsOf(path, ctx) };
}

async function* rowsOf(path: string, ctx: NodeContext): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of linesOf(path, ctx)) {
    line++;
    if (text.trim() === '') continue;
    yield { line, ...parse(text) };
  }
}

function parse(text: string): { readonly record: Readonly<Record<string, unknown>> } | { readonly problem: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { record: value as Record<string, unknown> };
    return { problem: `expected an object in braces, got ${text.slice(0, 40)}` };
  } catch {
    return { problem: `expected JSON, got ${text.slice(0, 40)}` };
  }
}
