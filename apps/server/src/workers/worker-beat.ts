// The heartbeat of a worker process. It comes from a thread of its own, since onnxruntime holds the main thread for as long as a model takes.
import { Worker } from 'node:worker_threads';

/** A line of the beat. */
export interface Beat {
  /** The node at work. */
  readonly node: string | null;
  /** For how many beats in a row the main thread has not turned: it is inside one call. 0 when it turns. */
  readonly still: number;
  /** Resident bytes, without weights that are read in place. */
  readonly memory: number;
  /** Resident bytes of weights that are read in place, and of the program. */
  readonly mapped: number;
  /** Bytes that the process may still take, as far as the system tells. */
  readonly free: number;
}
/** File descriptor of the pipe to the server that carries the beat. */
export const BEAT_PIPE = 4;

/** Turns of the main thread in one beat: one late turn must not look like a call. */
const TURNS = 4;

/** What the main thread writes and the one that beats reads. */
export interface BeatBoard {
  readonly turns: Int32Array;
  /** Its length, then the name of the node in UTF-8. */
  readonly node: Uint8Array;
}

/**
 * Begins to beat; only in a worker process. A server that is gone is noticed at the next beat, and ends the process whatever its main thread is at. Gives back how to say
 * which node is at work.
 */
export function startBeat(everyMs: number): (node: string | null) => void {
  const shared = (bytes: number) => new SharedArrayBuffer(bytes);
  const board: BeatBoard = { turns: new Int32Array(shared(4)), node: new Uint8Array(shared(256)) };
  setInterval(() => Atomics.add(board.turns, 0, 1), everyMs / TURNS).unref();
  new Worker(new URL('./worker-beat-thread.ts', import.meta.url), { workerData: { board, everyMs } }).unref();
  return (node) => {
    const name = new TextEncoder().encode(node ?? '').subarray(0, 255);
    board.node[0] = 0;
    board.node.set(name, 1);
    board.node[0] = name.length;
  };
}
