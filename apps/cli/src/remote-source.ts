// Runs graphs on a server, over its HTTP API and socket.io.
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { definitionsOf, type NodeDescription, type RunSummary } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import type { RunJob, RunSource } from './run-source.ts';
import { serverClient } from './server-client.ts';
import { watchRun } from './watch-run.ts';

/** How often, and how soon, ms, a submission is sent again that was not answered: over half a minute, as long as a restart may take. */
const AGAIN = 15;
const AGAIN_MS = 2000;

/** Throws CLI_NO_SERVER or CLI_SERVER_ANSWER. */
export async function openRemoteSource(server: string): Promise<RunSource> {
  const client = serverClient(server);
  const { call, json } = client;
  const { nodes } = await json<{ nodes: readonly NodeDescription[] }>('/nodes');
  /** Sent again when the connection is lost before the answer: under its key it is queued once. */
  async function submit(job: RunJob & { readonly key: string }, signal: AbortSignal): Promise<{ readonly run: RunSummary }> {
    for (let again = AGAIN; ; again--) {
      try {
        return await json<{ run: RunSummary }>('/runs', 'POST', job);
      } catch (error) {
        if (again === 0 || signal.aborted || !(error instanceof CodedError && error.code === 'CLI_NO_SERVER')) throw error;
        await setTimeout(AGAIN_MS);
      }
    }
  }
  return {
    definitions: definitionsOf(nodes),
    outputFolder: null,
    async run(job, emit, signal) {
      const { run } = await submit({ ...job, key: randomUUID() }, signal);
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
