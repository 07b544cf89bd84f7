// What jobs of several workers need of one machine's memory: a job waits until there is room for it beside the others. Needs are guesses from what was measured before, so a
// job that has the machine for itself is always tried.
import { sizeText } from '@facewright/runtime';

/** Bytes, with what they go by: "it took 6.1 GB before". */
export interface Need {
  readonly bytes: number;
  readonly basis: string;
}
export interface MemoryLedger {
  /** Asks for room; in the order of asking, so that a large job is not overtaken for ever. `tell` is told why it waits, or that there may be too little. */
  enter(need: Need | null, tell: (message: string) => void): LedgerEntry;
}
export interface LedgerEntry {
  /** Resolves when the job may begin. */
  readonly room: Promise<void>;
  /** The job has ended, or does not begin any more. */
  leave(): void;
}

/** `capacity`: bytes that jobs may take together at this moment. */
export function createMemoryLedger(capacity: () => number): MemoryLedger {
  interface Entry {
    readonly bytes: number;
    inside: boolean;
    begin(): void;
  }
  const entries: Entry[] = [];
  const inside = () => entries.filter((entry) => entry.inside);
  const taken = () => inside().reduce((sum, { bytes }) => sum + bytes, 0);
  const fits = ({ bytes }: Entry) => inside().length === 0 || taken() + bytes <= capacity();
  function look(): void {
    for (const entry of entries) {
      if (entry.inside) continue;
      if (!fits(entry)) return;
      entry.inside = true;
      entry.begin();
    }
  }
  return {
    enter(need, tell) {
      const { promise: room, resolve: begin } = Promise.withResolvers<void>();
      const entry: Entry = { bytes: need?.bytes ?? 0, inside: false, begin };
      entries.push(entry);
      const others = taken();
      look();
      const there = capacity();
      if (need && !entry.inside)
        tell(
          `memory: waits for other jobs to end: ${need.basis}, they are expected to take ${sizeText(others)}, and there are ${sizeText(there)}`,
        );
      else if (need && need.bytes > there)
        tell(`memory: ${need.basis}, and there are ${sizeText(there)}; it is tried all the same, and no other job beside it`);
      return {
        room,
        leave() {
          const at = entries.indexOf(entry);
          if (at < 0) return;
          entries.splice(at, 1);
          look();
        },
      };
    },
  };
}
