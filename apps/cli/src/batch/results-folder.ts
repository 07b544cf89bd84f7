// The folder of results: files of rows, results.csv and results.jsonl, which grow as rows are run and are whole at the end, and batch.json by which it goes on.
import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, type BatchDetails, type BatchRowRecord } from '@facewright/core';
import { resultsTable, writeWhole } from '@facewright/server';
import { err } from '../errors.ts';
import type { BatchDesk } from './batch-desk.ts';
import { rowFiles, saveRowFiles } from './row-files.ts';

/** Rows that are asked for at once. */
const PAGE = 500;
const utf8 = new TextEncoder();

const noteSchema = z.object({
  batch: z.string(),
  place: z.union([z.object({ server: z.string() }), z.object({ dataFolder: z.string() })]),
});
export type FolderNote = z.infer<typeof noteSchema>;

/** What --resume needs. Throws CLI_NO_BATCH. */
export async function readNote(folder: string): Promise<FolderNote> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(join(folder, 'batch.json'), 'utf8')));
  } catch (cause) {
    throw err.NO_BATCH(folder, messageOf(cause));
  }
}
export const writeNote = (folder: string, note: FolderNote): Promise<void> =>
  writeWhole(join(folder, 'batch.json'), `${JSON.stringify(note, null, 2)}\n`);

export interface ResultsFolder {
  /** Writes what was recorded since. One call at a time. */
  update(): Promise<void>;
  /** Writes the tables anew, in the order of the rows. */
  finish(): Promise<void>;
}

export function openResultsFolder(folder: string, id: string, desk: BatchDesk): ResultsFolder {
  let recorded = 0;
  /** Names of the numbers that results.csv has columns for; null: it is not there yet. */
  let columns: readonly string[] | null = null;
  const csv = join(folder, 'results.csv');
  const jsonl = join(folder, 'results.jsonl');
  const tableOf = (details: BatchDetails) =>
    resultsTable(
      details,
      desk.definitions,
      (asset, record) => rowFiles(record).find((file) => file.asset.id === asset.id)?.path ?? asset.id,
    );

  async function* pages(): AsyncGenerator<readonly BatchRowRecord[]> {
    let after = 0;
    for (;;) {
      const rows = await desk.ran(id, after, PAGE);
      if (rows.length > 0) yield rows;
      if (rows.length < PAGE) return;
      after = rows.at(-1)!.row;
    }
  }
  async function rewrite(): Promise<void> {
    const details = await desk.get(id);
    const table = tableOf(details);
    const lines = async function* (format: 'csv' | 'jsonl'): AsyncGenerator<Uint8Array> {
      if (format === 'csv') yield utf8.encode(table.header);
      for await (const rows of pages()) yield utf8.encode(rows.map(table[format]).join(''));
    };
    await writeWhole(csv, lines('csv'));
    await writeWhole(jsonl, lines('jsonl'));
    columns = details.scoreNames;
  }
  return {
    async update() {
      for (;;) {
        const rows = await desk.recordedSince(id, recorded, PAGE);
        if (rows.length === 0) {
          if (columns === null) await rewrite();
          return;
        }
        const details = await desk.get(id);
        for (const record of rows) {
          // What was written before an interruption is not read again; a row that was run again has other files.
          const missing =
            record.attempt > 1 ||
            (await Promise.all(rowFiles(record).map(({ path }) => stat(join(folder, path)).catch(() => null)))).includes(null);
          if (missing) await saveRowFiles(record, details.graph, desk.read, folder);
        }
        recorded = rows.at(-1)!.recorded;
        // The columns of a table cannot grow as it is written.
        if (columns === null || details.scoreNames.length > columns.length) await rewrite();
        else {
          const table = tableOf(details);
          await appendFile(csv, rows.map(table.csv).join(''));
          await appendFile(jsonl, rows.map(table.jsonl).join(''));
        }
      }
    },
    finish: rewrite,
  };
}
