// Where the checkpoints of nodes are kept.
import type { Checkpoint } from '@facewright/core';

export interface CheckpointKey {
  /** Of the node and its inputs without those that its definition extends. */
  readonly family: string;
  /** Of all inputs. */
  readonly own: string;
}
/** So many are kept of a family: one at work on, and the one that it may go on from. */
export const keptOfFamily = 2;

export interface CheckpointStore {
  /** Null when there is none. Throws ENGINE_BAD_CHECKPOINT for one that is damaged or refers to assets that are gone. */
  load(key: CheckpointKey): Promise<Checkpoint | null>;
  /** The other one of the family whose data ranks highest, the newest of equals; as load. */
  related(key: CheckpointKey, rank: (data: unknown) => number): Promise<Checkpoint | null>;
  /** Replaces the one before, whole or not at all; the oldest of a family make room. */
  save(key: CheckpointKey, checkpoint: Checkpoint): Promise<void>;
  remove(key: CheckpointKey): Promise<void>;
  /** When it was saved; null when there is none. Says nothing of whether it can be loaded. */
  savedAt(key: CheckpointKey): Promise<Date | null>;
}

/** The first of those that rank highest. */
export function highest<T>(all: readonly T[], rank: (one: T) => number): T | undefined {
  const ranks = all.map(rank);
  return all[ranks.indexOf(Math.max(...ranks))];
}

/** For tests and for runs that leave nothing behind. */
export function createMemoryCheckpoints(): CheckpointStore {
  /** By family; within it by key, oldest first. */
  const kept = new Map<string, Map<string, Checkpoint>>();
  const times = new Map<string, Date>();
  const family = (name: string) => kept.get(name) ?? kept.set(name, new Map()).get(name)!;
  return {
    load: async (key) => structuredClone(family(key.family).get(key.own)) ?? null,
    async related(key, rank) {
      const others = [...family(key.family)].filter(([own]) => own !== key.own).map(([, checkpoint]) => checkpoint);
      return structuredClone(highest(others.reverse(), ({ data }) => rank(data))) ?? null;
    },
    async save(key, checkpoint) {
      const members = family(key.family);
      members.delete(key.own);
      members.set(key.own, structuredClone(checkpoint));
      times.set(key.own, new Date());
      for (const own of [...members.keys()].slice(0, -keptOfFamily)) members.delete(own);
    },
    remove: async (key) => void family(key.family).delete(key.own),
    savedAt: async (key) => (family(key.family).has(key.own) ? times.get(key.own)! : null),
  };
}
