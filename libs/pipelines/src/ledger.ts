// Finished parts of a long work, kept in the checkpoint of the node so that an interrupted run does none of them again.
import type { NodeContext } from '@facewright/core';

export interface Ledger<T> {
  /** What is finished, from this run and those before it; plain data. */
  readonly finished: ReadonlyMap<string, T>;
  add(key: string, value: T): void;
  /** A gate between parts. Saves when something new is older than `seconds`, and whenever the run is to wait or to end. */
  pass(): Promise<'go' | 'stop'>;
}

/** `seconds` of work is the most that a crash may cost; 0 saves at every gate where something is new. */
export async function openLedger<T>({ checkpoint, gate }: Pick<NodeContext, 'checkpoint' | 'gate'>, seconds: number): Promise<Ledger<T>> {
  const before = (await checkpoint.load())?.data as { readonly finished: Readonly<Record<string, T>> } | undefined;
  const finished = new Map(Object.entries(before?.finished ?? {}));
  let [saved, fresh] = [performance.now(), false];
  const save = async () => {
    if (!fresh) return;
    await checkpoint.save({ data: { finished: Object.fromEntries(finished) } });
    [saved, fresh] = [performance.now(), false];
  };
  return {
    finished,
    add(key, value) {
      finished.set(key, value);
      fresh = true;
    },
    async pass() {
      if (performance.now() - saved >= seconds * 1000) await save();
      return gate(save);
    },
  };
}
