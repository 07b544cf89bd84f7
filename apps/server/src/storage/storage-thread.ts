// A thread in which the server looks through its data folder: with many assets that takes seconds, in which requests must be answered.
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { openDataFolder } from '../data/data-folder.ts';
import { collectGarbage } from './collect-garbage.ts';
import { measureStorage } from './measure-storage.ts';
import type { StorageAnswer, StorageTask } from './storage-work.ts';

const { folder, task } = workerData as { readonly folder: string; readonly task: StorageTask };
const answer = (message: StorageAnswer) => parentPort!.postMessage(message);
try {
  const data = openDataFolder(folder);
  try {
    answer({ value: task.type === 'free' ? await collectGarbage(data, task.options) : await measureStorage(data, task.keep) });
  } finally {
    data.close();
  }
} catch (cause) {
  answer({ error: { code: cause instanceof CodedError ? cause.code : null, message: messageOf(cause) } });
}
