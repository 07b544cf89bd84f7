// The thread that beats: it looks whether the main thread turns, and writes what it sees to the server.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { mappedMemory, ownMemory } from '@facewright/runtime/memory';
import { BEAT_PIPE, type Beat, type BeatBoard } from './worker-beat.ts';

const { board, everyMs } = workerData as { readonly board: BeatBoard; readonly everyMs: number };
let seen = -1;
// Beats are counted, not time: a process that was stopped for a night, or a machine that slept, has not been in a call that long.
let still = 0;

// A copy: text is not decoded from shared memory.
const nodeAtWork = (): string | null => new TextDecoder().decode(board.node.slice(1, 1 + board.node[0]!)) || null;

setInterval(() => {
  const now = Atomics.load(board.turns, 0);
  still = now === seen ? still + 1 : 0;
  seen = now;
  const beat: Beat = { node: nodeAtWork(), still, memory: ownMemory(), mapped: mappedMemory(), free: process.availableMemory() };
  try {
    writeSync(BEAT_PIPE, `${JSON.stringify(beat)}\n`);
  } catch (cause) {
    // The server does not read for a while: the next beat says the same.
    if ((cause as NodeJS.ErrnoException).code === 'EAGAIN') return;
    // The server is gone. Only a signal ends a process whose main thread is inside a call.
    process.kill(process.pid, 'SIGKILL');
  }
}, everyMs);
