// Frees room by itself: while no run is at work, if such a moment comes.
import { rmSync } from 'node:fs';
import { messageOf } from '@facewright/core';
import type { DataFolder } from '../data/data-folder.ts';
import type { StorageWork } from './storage-work.ts';

const LOOK_EVERY_MS = 10 * 60_000;
/** From one time to the next: when there is a pause, and at most. */
const IDLE_MS = 3_600_000;
const BUSY_MS = 6 * 3_600_000;

export interface HousekeeperOptions {
  readonly data: DataFolder;
  readonly work: StorageWork;
  /** How many bytes results, assets and checkpoints may take; default: no limit. */
  readonly keep: number | undefined;
  readonly log: { info(message: string): void; warn(message: string): void };
}

/** Gives back how to stop it. Called before the workers start: links that killed workers left are removed. */
export function startHousekeeper({ data, work, keep, log }: HousekeeperOptions): () => void {
  // A run of the command line may use its own.
  if (data.leases.atWork().length === 0) rmSync(data.linkFolder, { recursive: true, force: true });
  let last = performance.now() - IDLE_MS;
  const timer = setInterval(() => {
    const waited = performance.now() - last;
    if (waited < (data.leases.atWork().length > 0 ? BUSY_MS : IDLE_MS)) return;
    last = performance.now();
    work.free(keep === undefined ? {} : { keep }).then(
      ({ results, assets, checkpoints, over }) => {
        const bytes = results.bytes + assets.bytes + checkpoints.bytes;
        if (bytes > 0) log.info(`freed ${bytes} bytes: ${results.count} results, ${assets.count} assets, ${checkpoints.count} checkpoints`);
        if (over > 0) log.warn(`storage is ${over} bytes above its limit, and the rest is referred to: delete runs that are not needed`);
      },
      (cause: unknown) => log.warn(messageOf(cause)),
    );
  }, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
