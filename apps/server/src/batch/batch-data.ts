// The data of batches, in blocks of rows, so that a row does not bring the whole table into memory.
import type { Cell } from '@facewright/core';
import type { Database } from '../data/database.ts';
import { BLOCK } from './check-rows.ts';

export interface BatchData {
  /** Rows from a place on, in blocks of BLOCK of which only the last may be shorter. */
  add(batch: number, blocks: readonly string[], first: number): void;
  /** The cells of a row that there is, in the order of the columns. */
  row(batch: number, index: number): readonly Cell[];
}

/** Blocks that are kept, so that a row does not read and parse its neighbours again. */
const KEPT_BLOCKS = 8;

export function createBatchData(database: Database): BatchData {
  const insertData = database.prepare('INSERT INTO batch_data (batch, first, rows) VALUES (?, ?, ?)');
  const selectData = database.prepare<[number, number], { first: number; rows: string }>(
    'SELECT first, rows FROM batch_data WHERE batch = ? AND first <= ? ORDER BY first DESC LIMIT 1',
  );
  const kept = new Map<string, readonly (readonly Cell[])[]>();
  return {
    add(batch, blocks, first) {
      blocks.forEach((block, i) => insertData.run(batch, first + i * BLOCK, block));
    },
    row(batch, index) {
      let first: number | undefined;
      for (const key of kept.keys()) {
        const [of, start] = key.split(':').map(Number) as [number, number];
        if (of === batch && index >= start && index < start + kept.get(key)!.length) first = start;
      }
      if (first === undefined) {
        const block = selectData.get(batch, index)!;
        first = block.first;
        kept.set(`${batch}:${first}`, JSON.parse(block.rows) as Cell[][]);
        if (kept.size > KEPT_BLOCKS) kept.delete(kept.keys().next().value!);
      }
      return kept.get(`${batch}:${first}`)![index - first]!;
    },
  };
}
