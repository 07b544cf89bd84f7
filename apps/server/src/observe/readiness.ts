// Whether the server can take work: the database takes writes, a worker is there, the disk has room.
import { rmSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { toProblem, type Problem } from '@facewright/core';
import { storageError, type Database } from '../data/database.ts';
import { err } from '../errors.ts';
import type { Supervisor } from '../workers/worker-supervisor.ts';

export interface ReadinessOptions {
  readonly dataFolder: string;
  readonly database: Database;
  readonly workers: readonly Pick<Supervisor, 'obstacle'>[];
  /** Free bytes on the disk of a folder. Default: what the system says. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** Below it, a run of pictures soon fails on a full disk. */
const ROOM = 256 * 2 ** 20;
const systemFree = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** Gives everything that is in the way; an empty list when the server is ready. */
export const createReadiness =
  ({ dataFolder, database, workers, freeBytes = systemFree }: ReadinessOptions): (() => Promise<Problem[]>) =>
  async () => {
    const problems: Problem[] = [];
    const probe = join(dataFolder, `.ready-${process.pid}`);
    try {
      // The lock of the database, and a byte beside it: a folder that became read-only shows only when something is written.
      database.exec('BEGIN IMMEDIATE; ROLLBACK');
      writeFileSync(probe, '.');
      rmSync(probe);
    } catch (cause) {
      problems.push(toProblem(storageError(cause)));
    }
    const free = await freeBytes(dataFolder);
    if (free < ROOM) problems.push(toProblem(err.NO_ROOM(dataFolder, ROOM / 2 ** 20, Math.floor(free / 2 ** 20))));
    const obstacles = workers.map(({ obstacle }) => obstacle()).filter((obstacle) => obstacle !== null);
    // Runs are taken up as long as one worker can.
    if (obstacles.length === workers.length) problems.push(...obstacles.map((obstacle) => toProblem(err.NOT_READY(obstacle))));
    return problems;
  };
