// Server-sent events: messages from a cursor, read when the client has taken the ones before, so that a slow client costs no memory.
import type { Request, Response } from 'express';
import { err } from '../errors.ts';

/** How often a comment says that the connection lives, ms. A client that took nothing in two of these is gone. */
const HEARTBEAT_MS = 15_000;
/** How soon a client that lost the connection comes back, ms. */
const RETRY_MS = 2000;

export interface StreamSource {
  /** The next messages after a cursor, each with the cursor after it; `ended`: there will be none after these. */
  read(after: number): { readonly messages: readonly (readonly [cursor: number, data: unknown])[]; readonly ended: boolean };
  /** Calls when there may be more. Gives back how to stop it. */
  listen(more: () => void): () => void;
}

export const wantsStream = (request: Request): boolean => request.accepts(['json', 'text/event-stream']) === 'text/event-stream';

/** Where the client left off, from Last-Event-ID, which browsers send when they come back. Throws SERVER_BAD_REQUEST. */
export function lastEventId(request: Request): number | undefined {
  const text = request.get('last-event-id');
  if (text === undefined || text === '') return undefined;
  if (!/^\d+$/.test(text)) throw err.BAD_REQUEST('Last-Event-ID', 'a whole number from 0', JSON.stringify(text));
  return Number(text);
}

/** Sends messages until the source ends or the client goes. A client that has all of an ended source gets 204, which tells it not to come back. */
export function stream(response: Response, after: number, source: StreamSource): void {
  const first = source.read(after);
  if (first.ended && first.messages.length === 0) return void response.status(204).end();
  response.status(200).set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
  response.write(`retry: ${RETRY_MS}\n\n`);
  let cursor = after;
  let full = false;
  let stuck = false;
  const send = (): void => {
    while (!full && !response.closed) {
      const { messages, ended } = source.read(cursor);
      for (const [next, data] of messages) {
        cursor = next;
        full = !response.write(`id: ${next}\ndata: ${JSON.stringify(data)}\n\n`);
        if (full) break;
      }
      if (messages.length > 0) continue;
      if (ended) response.end();
      return;
    }
  };
  const stop = source.listen(send);
  const heartbeat = setInterval(() => {
    if (stuck && full) return void response.destroy();
    stuck = full;
    if (!full) response.write(': \n\n');
  }, HEARTBEAT_MS).unref();
  response.on('drain', () => {
    full = false;
    send();
  });
  response.on('close', () => {
    stop();
    clearInterval(heartbeat);
  });
  send();
}
