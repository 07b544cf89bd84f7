// How often unfinished work is saved: so often that little is lost, and so seldom that saving costs little.

/** Saving takes at most this share of the time. */
const share = 0.05;
/** Less than a second of work is not worth a file. */
const shortestMs = 1000;

export interface SavePace {
  /** Enough time has passed since the last saving. */
  due(): boolean;
  /** Something was just saved, or was to be, and that took so long. */
  took(ms: number): void;
}

export function createSavePace(now: () => number): SavePace {
  let last = now();
  let wait = shortestMs;
  return {
    due: () => now() - last >= wait,
    took(ms) {
      last = now();
      wait = Math.max(shortestMs, ms / share);
    },
  };
}
