// Batches over socket.io: counts to whoever is connected, events to who watches one.
import type { Acknowledge, BatchActivity, BatchSummary, ClientMessages, ServerMessages } from '@facewright/core';
import type { Server } from 'socket.io';
import { z } from 'zod';
import type { BatchFeed } from './batch-feed.ts';
import type { Batches } from './batches.ts';

const watchSchema = z.object({ batch: z.string(), after: z.number().int().nonnegative() });
const roomOf = (batch: string) => `batch:${batch}`;

/** Gives back how to stop it. */
export function batchesLive(io: Server<ClientMessages, ServerMessages>, batches: Batches, feed: BatchFeed): () => void {
  const find = (batch: string) => {
    try {
      return batches.summary(batch);
    } catch {
      return null;
    }
  };
  /** Numbers of the last events sent to those who watch, by batch. */
  const told = new Map<string, number>();
  const stop = feed.listen(
    (batch) => {
      if (!io.sockets.adapter.rooms.has(roomOf(batch))) return void told.delete(batch);
      const events = batches.events(batch, told.get(batch) ?? 0, Number.MAX_SAFE_INTEGER);
      if (events.length === 0) return;
      told.set(batch, events.at(-1)!.seq);
      io.to(roomOf(batch)).emit('batchEvents', events);
    },
    (changed) => {
      if (io.engine.clientsCount === 0) return;
      const found = [...changed].map((batch) => [batch, find(batch)] as const);
      io.emit('batches', {
        batches: found.flatMap(([, summary]): BatchSummary[] => (summary ? [summary] : [])),
        removed: found.flatMap(([batch, summary]) => (summary ? [] : [batch])),
      });
      const activity = found.flatMap(([batch, summary]): [string, BatchActivity][] => {
        const at = summary && batches.activity(batch);
        return at ? [[batch, at]] : [];
      });
      if (activity.length > 0) io.volatile.emit('batchActivity', Object.fromEntries(activity));
    },
  );
  io.on('connection', (socket) => {
    socket.on('watchBatch', (request: unknown, acknowledge: unknown) => {
      const answer: Acknowledge = typeof acknowledge === 'function' ? (acknowledge as Acknowledge) : () => {};
      const { data } = watchSchema.safeParse(request);
      if (!data) return answer({ ok: false, message: 'watchBatch: expected { batch, after }, got something else' });
      const found = find(data.batch);
      if (!found) return answer({ ok: false, message: `batch ${data.batch}: expected one that exists, got none` });
      answer({ ok: true, last: found.lastSeq });
      // Reading and joining happen in one turn of the event loop, so no event can fall between them.
      const events = batches.events(data.batch, data.after > found.lastSeq ? 0 : data.after, Number.MAX_SAFE_INTEGER);
      if (events.length > 0) socket.emit('batchEvents', events);
      if (!told.has(data.batch)) told.set(data.batch, found.lastSeq);
      void socket.join(roomOf(data.batch));
    });
    socket.on('unwatchBatch', (batch: unknown) => {
      if (typeof batch === 'string') void socket.leave(roomOf(batch));
    });
  });
  return stop;
}
