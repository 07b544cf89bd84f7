// Parquet: row groups read one after the other, and of them only the columns that are wanted.
import type { NodeContext } from '@facewright/core';
import { parquetMetadataAsync, parquetReadObjects, parquetSchema, type AsyncBuffer } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Row, Table } from './table.ts';

/** Throws what the library says of a file that is none. */
export async function openParquet(path: string, ctx: NodeContext): Promise<Table> {
  const file: AsyncBuffer = {
    byteLength: await ctx.files.size(path),
    async slice(start, end = file.byteLength) {
      ctx.signal.throwIfAborted();
      return (await ctx.files.part(path, start, end)).slice().buffer;
    },
  };
  const metadata = await parquetMetadataAsync(file);
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  const rows = async function* (wanted: readonly string[]): AsyncGenerator<Row> {
    let first = 0;
    for (const { num_rows } of metadata.row_groups) {
      const end = first + Number(num_rows);
      // bytes that are not declared to be text are pictures
      const records = await parquetReadObjects({
        file,
        metadata,
        columns: names.filter((name) => wanted.includes(name)),
        rowStart: first,
        rowEnd: end,
        compressors,
        utf8: false,
      });
      for (const [i, record] of records.entries()) yield { line: first + i + 1, record };
      first = end;
    }
  };
  return { unit: 'row', columns: names, length: Number(metadata.num_rows), rows };
}
