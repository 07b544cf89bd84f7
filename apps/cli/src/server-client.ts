// A server over its HTTP API and socket.io, as the commands of this program use it.
import type { ClientMessages, Problem, ServerMessages } from '@facewright/core';
import { io, type Socket } from 'socket.io-client';
import { err } from './errors.ts';
import { ProblemList } from './problem-list.ts';

/** Attempts to reach a server that went away, over about a minute; its work goes on without us. */
const RECONNECTIONS = 15;

/** Where the token of a server is found: what stands on a command line, other users of the machine see. */
const TOKEN_VARIABLE = 'FACEWRIGHT_TOKEN';

export interface ServerClient {
  readonly url: string;
  /** Throws CLI_NO_SERVER, CLI_TOKEN, CLI_SERVER_ANSWER, or a ProblemList with what the server refuses. */
  call(path: string, init?: RequestInit): Promise<Response>;
  /** Sends JSON where there is something to send, and reads JSON. Throws as `call` does. */
  json<T>(path: string, method?: 'GET' | 'POST', body?: unknown): Promise<T>;
  /** Comes back by itself after a lost connection. `lost` is called when it does not, or when the server refuses. */
  socket(lost: (error: Error) => void): Socket<ServerMessages, ClientMessages>;
}

export function serverClient(server: string): ServerClient {
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
    if (response.status === 401) throw err.TOKEN(url, TOKEN_VARIABLE, token === undefined ? 'none' : 'one that is not valid');
    const { problems, problemCount } = (await response.json().catch(() => ({}))) as {
      problems?: readonly Problem[];
      problemCount?: number;
    };
    throw problems ? new ProblemList(problems, problemCount) : err.SERVER_ANSWER(url, response.status);
  }
  return {
    url,
    call,
    async json<T>(path: string, method: 'GET' | 'POST' = 'GET', body?: unknown) {
      const response = await call(path, {
        method,
        ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      return (await response.json().catch(() => {
        throw err.SERVER_ANSWER(url, 200);
      })) as T;
    },
    socket(lost) {
      const socket: Socket<ServerMessages, ClientMessages> = io(url, {
        transports: ['websocket'],
        reconnectionAttempts: RECONNECTIONS,
        auth: { token },
      });
      // The server refused; a lost connection comes without this note and is tried again.
      socket.on('connect_error', (error: Error & { data?: unknown }) => {
        if (error.data !== undefined) lost(err.NO_SERVER(url, error.message));
      });
      socket.io.on('reconnect_failed', () => lost(err.NO_SERVER(url, 'no connection any more')));
      return socket;
    },
  };
}
