// Who is at work in a data folder: what is written meanwhile is not yet referred to, and a backup still has to copy it.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../data/data-lock.ts';

export type Work = 'run' | 'backup';
export interface WorkLeases {
  /** Gives back how to end it. A process that dies ends its own. */
  begin(work: Work): () => void;
  /** Those that are at work, with when they began, ms since 1970 by the clock of the file system. */
  atWork(): readonly { readonly work: Work; readonly since: number }[];
}

/** A file each, work/run-PID-…; its time says since when. */
export function createWorkLeases(dataFolder: string): WorkLeases {
  const folder = join(dataFolder, 'work');
  const names = (): readonly string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  return {
    begin(work) {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, `${work}-${process.pid}-${randomUUID()}`);
      writeFileSync(file, '');
      return () => rmSync(file, { force: true });
    },
    atWork: () =>
      names().flatMap((name) => {
        const [, work, pid] = /^(run|backup)-(\d+)-/.exec(name) ?? [];
        const file = join(folder, name);
        const since = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
        if (since === undefined) return [];
        if (pid !== undefined && isAlive(Number(pid))) return [{ work: work as Work, since }];
        rmSync(file, { force: true });
        return [];
      }),
  };
}
