// Measuring and freeing room beside the server's own work, one at a time.
import { Worker } from 'node:worker_threads';
import type { GarbageReport, StorageUse } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import type { GarbageOptions } from './collect-garbage.ts';

export type StorageTask =
  { readonly type: 'free'; readonly options: GarbageOptions } | { readonly type: 'measure'; readonly keep: number | undefined };
export type StorageAnswer =
  | { readonly value: GarbageReport | StorageUse; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: { readonly code: string | null; readonly message: string } };

export interface StorageWork {
  /** As collectGarbage. */
  free(options: GarbageOptions): Promise<GarbageReport>;
  measure(keep: number | undefined): Promise<StorageUse>;
}

export function createStorageWork(dataFolder: string): StorageWork {
  let last: Promise<unknown> = Promise.resolve();
  const perform = <T>(task: StorageTask): Promise<T> => {
    const work = last.catch(() => {}).then(() => inThread(dataFolder, task));
    last = work;
    return work as Promise<T>;
  };
  return {
    free: (options) => perform({ type: 'free', options }),
    measure: (keep) => perform({ type: 'measure', keep }),
  };
}

const inThread = (folder: string, task: StorageTask): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./storage-thread.ts', import.meta.url), { workerData: { folder, task } });
    thread.on('message', ({ value, error }: StorageAnswer) => {
      if (error === undefined) resolve(value);
      else reject(error.code === null ? new Error(error.message) : new CodedError(error.code, error.message));
    });
    thread.on('error', reject);
    thread.on('exit', (code) => reject(new Error(`a thread that ended with ${code}`)));
  });
