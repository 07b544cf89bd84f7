// results.sqlite, which holds only what can be computed again: one that is damaged is put aside, and a new one begun.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@facewright/tensor';
import { openDatabase, type Database } from './database.ts';
import { importCache } from './import-cache.ts';
import { quarantine } from '../storage/quarantine.ts';
import { resultSteps } from '../schema/result-steps.ts';

/** Also takes over what earlier versions kept in cache/. Throws as openDatabase. */
export function openResults(dataFolder: string, warn: (message: string) => void): Database {
  const path = join(dataFolder, 'results.sqlite');
  let database: Database;
  try {
    database = openDatabase(path, { steps: resultSteps });
  } catch (cause) {
    if (!(cause instanceof CodedError && cause.code === 'SERVER_DATABASE_DAMAGED')) throw cause;
    const places = [path, `${path}-wal`, `${path}-shm`].filter(existsSync).map((file) => quarantine(dataFolder, file));
    warn(`${cause.message}; it is now ${places[0]}, and results are computed again`);
    database = openDatabase(path, { steps: resultSteps });
  }
  importCache(join(dataFolder, 'cache'), database);
  return database;
}
