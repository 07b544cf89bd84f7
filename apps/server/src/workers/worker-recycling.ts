// When a worker is replaced between two jobs: after many of them, or when it holds more and more that no open model accounts for.
import { totalmem } from 'node:os';
import { sizeText } from '@facewright/runtime';

export interface RecyclingLimits {
  /** A worker is replaced after this many jobs. */
  readonly jobs: number;
  /** A worker is replaced when it has grown by this many bytes. */
  readonly growth: number;
}
/** Bytes after a job. */
export interface HeldMemory {
  /** Resident, without weights that are read in place. */
  readonly all: number;
  /** Of it, what open models account for: they are kept for the next job, which is what the worker is for. */
  readonly models: number;
}
export interface Recycling {
  /** Why the worker is to be replaced now that a job has ended; null while it is not. */
  after(held: HeldMemory): string | null;
}

/** The first jobs load code and fill caches: from there on a worker is as large as it should be. */
const SETTLED_AFTER = 3;

/** Whatever the reason: a worker above this is replaced between jobs, bytes. */
const MOST = Math.max(2 * 2 ** 30, totalmem() / 2);

/** For one worker process. */
export function createRecycling({ jobs, growth }: RecyclingLimits): Recycling {
  let done = 0;
  let settled = Infinity;
  return {
    after({ all, models }) {
      done++;
      const loose = Math.max(0, all - models);
      if (done === SETTLED_AFTER) settled = loose;
      if (done >= jobs) return `has done ${done} jobs`;
      if (all > MOST) return `holds ${sizeText(all)}`;
      if (loose > settled + growth) return `has grown by ${sizeText(loose - settled)} in ${done - SETTLED_AFTER} jobs`;
      return null;
    },
  };
}
