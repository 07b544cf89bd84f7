// The data folder of server and CLI: assets/, cache/, checkpoints/, graphs/, runs/, facewright.sqlite.
import { join, resolve } from 'node:path';
import { judgingTaskOf } from '@facewright/core';
import type { CheckpointStore, KeyHistory, ResultCache } from '@facewright/engine';
import { createAssetStore, type AssetStore } from './asset-store.ts';
import { createCheckpointStore } from './checkpoint-store.ts';
import { openDatabase, type Database } from './database.ts';
import { createKeyHistory } from './key-history.ts';
import { createJudgingStore, type JudgingStore } from './judging-store.ts';
import { createResultStore } from './result-store.ts';
import { createUserFiles, type UserFiles } from './user-files.ts';

/** Facewright's own folder: templates and the embedded models are in it. */
export const PROJECT_FOLDER = resolve(import.meta.dirname, '../../..');

export interface DataFolder {
  readonly path: string;
  readonly database: Database;
  readonly assets: AssetStore;
  readonly cache: ResultCache;
  readonly checkpoints: CheckpointStore;
  readonly history: KeyHistory;
  readonly files: UserFiles;
  readonly judging: JudgingStore;
  /** Digest of what a path port names: a file, a folder, or a judging task with its votes. */
  fingerprint(path: string): Promise<string>;
  /** Absolute paths of the models folders, in the order in which they are searched. */
  readonly models: readonly string[];
  /** Where hard links to weight files go. */
  readonly linkFolder: string;
  /** Where nodes of a run write files. */
  outputFolder(run: string): string;
  close(): void;
}

/** Makes what is missing. `models`: models folders, where relative paths are looked for after the working directory. Throws SERVER_DATA_FOLDER. */
export function openDataFolder(folder: string, models: readonly string[] = []): DataFolder {
  const path = resolve(folder);
  const database = openDatabase(join(path, 'facewright.sqlite'));
  const assets = createAssetStore(join(path, 'assets'));
  const files = createUserFiles(database, [process.cwd(), ...models, PROJECT_FOLDER]);
  const judging = createJudgingStore(database);
  return {
    path,
    database,
    assets,
    cache: createResultStore(join(path, 'cache'), assets),
    checkpoints: createCheckpointStore(join(path, 'checkpoints'), assets),
    history: createKeyHistory(database),
    files,
    judging,
    async fingerprint(path) {
      const task = judgingTaskOf(path);
      return task === null ? files.fingerprint(path) : judging.digest(task);
    },
    models,
    linkFolder: join(path, 'links'),
    outputFolder: (run) => join(path, 'runs', run),
    close: () => database.close(),
  };
}
