// Where the checkpoints of nodes are kept, one by its key.
import type { Checkpoint } from '@facewright/core';

export interface CheckpointStore {
  /** Null when there is none. Throws ENGINE_BAD_CHECKPOINT for one that is damaged or refers to assets that are gone. */
  load(key: string): Promise<Checkpoint | null>;
  /** Replaces the one before, whole or not at all. */
  save(key: string, checkpoint: Checkpoint): Promise<void>;
  remove(key: string): Promise<void>;
}

/** For tests and for runs that leave nothing behind. */
export function createMemoryCheckpoints(): CheckpointStore {
  const kept = new Map<string, Checkpoint>();
  return {
    load: async (key) => structuredClone(kept.get(key)) ?? null,
    save: async (key, checkpoint) => void kept.set(key, structuredClone(checkpoint)),
    remove: async (key) => void kept.delete(key),
  };
}
