// Run events over socket.io: a client that watches gets what it missed, then what comes, without a gap and without a repetition.
import type { Server as HttpServer } from 'node:http';
import type { ClientMessages, RunEvent, ServerMessages } from '@facewright/core';
import { Server } from 'socket.io';
import { z } from 'zod';
import { refuse } from './guard.ts';
import type { RunStore } from './run-store.ts';

const watchSchema = z.object({ run: z.string(), after: z.number().int().nonnegative() });
const roomOf = (run: string) => `run:${run}`;

export interface Live {
  event(event: RunEvent): void;
  runsChanged(): void;
  /** How many are connected. */
  clients(): number;
  close(): Promise<void>;
}

export function createLive(server: HttpServer, host: string, runs: RunStore, listed: number): Live {
  const io = new Server<ClientMessages, ServerMessages>(server, {
    serveClient: false,
    allowRequest: ({ headers }, answer) => {
      const refusal = refuse(headers, host);
      answer(refusal?.message ?? null, refusal === null);
    },
  });
  io.on('connection', (socket) => {
    socket.emit('runs', runs.list(listed));
    socket.on('watch', (request: unknown, acknowledge: unknown) => {
      const answer = typeof acknowledge === 'function' ? (acknowledge as (answer: { ok: boolean; message?: string }) => void) : () => {};
      const { data } = watchSchema.safeParse(request);
      if (!data || !runs.get(data.run))
        return answer({
          ok: false,
          message: data ? `run ${data.run}: expected one that exists, got none` : 'watch: expected { run, after }, got something else',
        });
      answer({ ok: true });
      // Reading and joining happen in one turn of the event loop, so no event can fall between them.
      for (const event of runs.events(data.run, data.after)) socket.emit('event', event);
      void socket.join(roomOf(data.run));
    });
    socket.on('unwatch', (run: unknown) => {
      if (typeof run === 'string') void socket.leave(roomOf(run));
    });
  });
  return {
    event: (event) => {
      io.to(roomOf(event.run)).emit('event', event);
    },
    runsChanged: () => {
      io.emit('runs', runs.list(listed));
    },
    clients: () => io.engine.clientsCount,
    close: async () => {
      await io.close();
    },
  };
}
