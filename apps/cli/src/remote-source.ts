// Runs graphs on a server, over its HTTP API and socket.io.
import { definitionsOf, type NodeDescription, type RunSummary } from '@facewright/core';
import type { RunSource } from './run-source.ts';
import { serverClient } from './server-client.ts';
import { watchRun } from './watch-run.ts';

/** Throws CLI_NO_SERVER or CLI_SERVER_ANSWER. */
export async function openRemoteSource(server: string): Promise<RunSource> {
  const client = serverClient(server);
  const { call, json } = client;
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
      try {
        await watchRun(client, run.id, 0, emit);
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
    lock: (_, [first]) => json(`/runs/${first!.run}/lock`),
    read: async ({ id }) => (await call(`/assets/${id}`)).bytes(),
    close: async () => {},
  };
}
