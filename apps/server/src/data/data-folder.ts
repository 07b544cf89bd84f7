// The data folder of server and CLI: assets/, checkpoints/, graphs/, runs/, facewright.sqlite, results.sqlite.
import { join, resolve } from 'node:path';
import { judgingTaskOf, messageOf } from '@facewright/core';
import type { CheckpointStore, KeyHistory, ResultCache } from '@facewright/engine';
import { createAssetStore, type AssetStore } from './asset-store.ts';
import { createCheckpointStore } from './checkpoint-store.ts';
import { createCostBook, type CostBook } from '../plan/cost-book.ts';
import { openDatabase, type Database } from './database.ts';
import { otherServer } from './data-lock.ts';
import { err } from '../errors.ts';
import { createKeyHistory } from '../plan/key-history.ts';
import { createJudgingStore, type JudgingStore } from '../judging/judging-store.ts';
import { createResultStore } from './result-store.ts';
import { openResults } from './open-results.ts';
import { createWorkLeases, type WorkLeases } from '../storage/work-leases.ts';
import { createUserFiles, type UserFiles } from '../files/user-files.ts';

/** Facewright's own folder: templates and the embedded models are in it. */
export const PROJECT_FOLDER = resolve(import.meta.dirname, '../../../..');

export interface DataFolder {
  readonly path: string;
  readonly database: Database;
  /** results.sqlite. */
  readonly results: Database;
  readonly assets: AssetStore;
  readonly cache: ResultCache;
  readonly checkpoints: CheckpointStore;
  readonly history: KeyHistory;
  readonly costs: CostBook;
  readonly files: UserFiles;
  /** Whoever writes assets that nothing refers to yet, such as a run, is at work. */
  readonly leases: WorkLeases;
  readonly judging: JudgingStore;
  /** Digest of what a path port names: a file, a folder, or a judging task with its votes. */
  fingerprint(path: string): Promise<string>;
  /** Absolute paths of the models folders, in the order in which they are searched. */
  readonly models: readonly string[];
  /** Where hard links to weight files go. */
  readonly linkFolder: string;
  /** Where nodes of a run write files. */
  outputFolder(run: string): string;
  /** Commits what is written in groups: results and what explains them. Throws SERVER_DISK_FULL, SERVER_WRITE_FAILED. */
  flush(): void;
  /** Flushes, too; what finds no room then is lost. */
  close(): void;
}

export interface DataFolderOptions {
  warn?(message: string): void;
  /** Folders that paths in graphs may lead into besides the models folders and what runs have written; null: anywhere that this user may. */
  readonly allowPaths?: readonly string[] | null;
}

/** Makes what is missing. `models`: models folders, where relative paths are looked for after the working directory. Throws SERVER_DATA_FOLDER, SERVER_DATA_NEWER, SERVER_DATABASE_DAMAGED. */
export function openDataFolder(
  folder: string,
  models: readonly string[] = [],
  { warn = (message) => process.stderr.write(`${message}\n`), allowPaths = null }: DataFolderOptions = {},
): DataFolder {
  const path = resolve(folder);
  const database = openDatabase(join(path, 'facewright.sqlite'), {
    // An older server that is at work knows nothing of new tables.
    mayChange() {
      const other = otherServer(path);
      if (other !== null) throw err.DATA_IN_USE(path, other);
    },
  });
  const results = openResults(path, warn);
  const assets = createAssetStore(join(path, 'assets'), { locked: (work) => results.transaction(work).immediate() });
  const files = createUserFiles(
    database,
    [process.cwd(), ...models, PROJECT_FOLDER],
    allowPaths && [...models, join(PROJECT_FOLDER, 'models'), join(path, 'runs'), ...allowPaths],
  );
  const cache = createResultStore(results, assets);
  const history = createKeyHistory(database);
  const costs = createCostBook(database);
  const flush = () => {
    costs.flush();
    cache.flush();
    history.flush();
  };
  const judging = createJudgingStore(database);
  return {
    path,
    database,
    results,
    assets,
    cache,
    checkpoints: createCheckpointStore(join(path, 'checkpoints'), assets),
    history,
    costs,
    files,
    leases: createWorkLeases(path),
    judging,
    async fingerprint(path) {
      const task = judgingTaskOf(path);
      return task === null ? files.fingerprint(path) : judging.digest(task);
    },
    models,
    linkFolder: join(path, 'links'),
    outputFolder: (run) => join(path, 'runs', run),
    flush,
    close() {
      try {
        flush();
      } catch (cause) {
        warn(messageOf(cause));
      }
      results.close();
      database.close();
    },
  };
}
