// Follows a run on a server to its end, also over lost connections and restarts of the server.
import { isTerminal, type RunEvent } from '@facewright/core';
import { err } from './errors.ts';
import type { ServerClient } from './server-client.ts';

/** Every event after a number, the terminal one last; resolves then, or when told to stop. Throws CLI_NO_SERVER. */
export async function watchRun(
  { url, socket: connect }: Pick<ServerClient, 'url' | 'socket'>,
  run: string,
  after: number,
  emit: (event: RunEvent) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => resolve();
  signal?.addEventListener('abort', stop, { once: true });
  const socket = connect(reject);
  let last = after;
  try {
    // Also after a lost connection: the cursor says what is still missing.
    socket.on('connect', () =>
      socket.emit('watch', { run, after: last }, (answer) => {
        if (!answer.ok) reject(err.NO_SERVER(url, answer.message ?? 'a refusal'));
        // The machine of the server lost its power, and the last events with it.
        else last = Math.min(last, answer.last ?? 0);
      }),
    );
    socket.on('events', (events) => {
      for (const event of events) {
        if (event.run !== run || event.seq <= last) continue;
        last = event.seq;
        emit(event);
        if (isTerminal(event)) resolve();
      }
    });
    await ended;
  } finally {
    signal?.removeEventListener('abort', stop);
    socket.close();
  }
}
