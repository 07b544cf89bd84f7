// A host for graphs whose nodes touch nothing: every door of it throws.
import { createMemoryCheckpoints } from '../checkpoint-store.ts';
import type { EngineHost, NodeIo } from '../host.ts';

const unused = async (): Promise<never> => {
  throw new Error('no node of this graph was expected to do I/O');
};
export const idleNode: NodeIo = {
  memory: Infinity,
  session: unused,
  assets: { read: unused, write: unused, file: unused },
  images: { read: unused, layers: unused, write: unused },
  files: { list: unused, read: unused, size: unused, part: unused, ref: unused, exists: unused, write: unused },
  judging: { publish: unused, read: unused },
  close: async () => {},
};
export const createIdleHost = (): EngineHost => ({
  fingerprint: unused,
  preview: unused,
  checkpoints: createMemoryCheckpoints(),
  openNode: () => idleNode,
});
