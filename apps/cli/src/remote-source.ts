// Runs graphs on a server, over its HTTP API and socket.io.
import { definitionsOf, isTerminal, type NodeDescription, type RunSummary } from '@facewright/core';
import { err } from './errors.ts';
import type { RunSource } from './run-source.ts';
import { serverClient } from './server-client.ts';

/** Throws CLI_NO_SERVER or CLI_SERVER_ANSWER. */
export async function openRemoteSource(server: string): Promise<RunSource> {
  const { url, call, json, socket: connect } = serverClient(server);
  const { nodes } = await json<{ nodes: readonly NodeDescription[] }>('/nodes');
  return {
    definitions: definitionsOf(nodes),
    outputFolder: null,
    async run(job, emit, signal) {
      const { run } = await json<{ run: RunSummary }>('/runs', 'POST', job);
      const cancel = () => {
        void call(`/runs/${run.id}/cancel`, { method: 'POST' }).catch(() => {});
      };
      signal.addEventListener('abort', cancel, { once: true });
      const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
      const socket = connect(reject);
      let last = 0;
      try {
        // Also after a lost connection: the cursor says what is still missing.
        socket.on('connect', () =>
          socket.emit('watch', { run: run.id, after: last }, (answer) => {
            if (!answer.ok) reject(err.NO_SERVER(url, answer.message ?? 'a refusal'));
            // The machine of the server lost its power, and the last events with it.
            else last = Math.min(last, answer.last ?? 0);
          }),
        );
        socket.on('events', (events) => {
          for (const event of events) {
            if (event.run !== run.id || event.seq <= last) continue;
            last = event.seq;
            emit(event);
            if (isTerminal(event)) resolve();
          }
        });
        await ended;
      } finally {
        signal.removeEventListener('abort', cancel);
        socket.close();
      }
    },
    lock: (_, [first]) => json(`/runs/${first!.run}/lock`),
    read: async ({ id }) => (await call(`/assets/${id}`)).bytes(),
    close: async () => {},
  };
}
