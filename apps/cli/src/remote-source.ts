// Runs graphs on a server, over its HTTP API and socket.io.
import {
  definitionsOf,
  isTerminal,
  type ClientMessages,
  type NodeDescription,
  type Problem,
  type RunSummary,
  type ServerMessages,
} from '@facewright/core';
import { io, type Socket } from 'socket.io-client';
import { err } from './errors.ts';
import { ProblemList } from './problem-list.ts';
import type { RunSource } from './run-source.ts';

/** Attempts to reach a server that went away, over about a minute; the run itself goes on without us. */
const RECONNECTIONS = 15;

/** Where the token of a server is found: what stands on a command line, other users of the machine see. */
const TOKEN_VARIABLE = 'FACEWRIGHT_TOKEN';

/** Throws CLI_NO_SERVER or CLI_SERVER_ANSWER. */
export async function openRemoteSource(server: string): Promise<RunSource> {
  const url = server.replace(/\/+$/, '');
  const token = process.env[TOKEN_VARIABLE];
  const credentials: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  async function call(path: string, init?: RequestInit): Promise<Response> {
    const response = await fetch(`${url}/api/v1${path}`, { ...init, headers: { ...init?.headers, ...credentials } }).catch(
      (cause: Error & { cause?: Error }) => {
        throw err.NO_SERVER(url, cause.cause?.message || cause.message);
      },
    );
    if (response.ok) return response;
    const { problems } = (await response.json().catch(() => ({}))) as { problems?: readonly Problem[] };
    throw problems ? new ProblemList(problems) : err.SERVER_ANSWER(url, response.status);
  }
  const json = async <T>(path: string, init?: RequestInit) =>
    (await (await call(path, init)).json().catch(() => {
      throw err.SERVER_ANSWER(url, 200);
    })) as T;

  const { nodes } = await json<{ nodes: readonly NodeDescription[] }>('/nodes');
  return {
    definitions: definitionsOf(nodes),
    outputFolder: null,
    async run(job, emit, signal) {
      const { run } = await json<{ run: RunSummary }>('/runs', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(job),
      });
      const cancel = () => {
        void call(`/runs/${run.id}/cancel`, { method: 'POST' }).catch(() => {});
      };
      signal.addEventListener('abort', cancel, { once: true });
      const socket: Socket<ServerMessages, ClientMessages> = io(url, {
        transports: ['websocket'],
        reconnectionAttempts: RECONNECTIONS,
        auth: { token },
      });
      let last = 0;
      try {
        await new Promise<void>((resolve, reject) => {
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
          // The server refused; a lost connection comes without this note and is tried again.
          socket.on('connect_error', (error: Error & { data?: unknown }) => {
            if (error.data !== undefined) reject(err.NO_SERVER(url, error.message));
          });
          socket.io.on('reconnect_failed', () => reject(err.NO_SERVER(url, 'no connection any more')));
        });
      } finally {
        signal.removeEventListener('abort', cancel);
        socket.close();
      }
    },
    read: async ({ id }) => (await call(`/assets/${id}`)).bytes(),
    close: async () => {},
  };
}
