// Runs and the queue over socket.io: a client that watches gets what it missed, then what comes, without a gap and without a repetition, as fast as it takes it.
// Clients that watch the same runs share a room, so that a bundle of events is written out once for all of them. One that does not keep up leaves the room, goes on from the
// database at its own pace, and comes back when it has caught up: the server never holds more for it than about BEHIND_BYTES.
import type { Server as HttpServer } from 'node:http';
import type { Acknowledge, ClientMessages, QueueChange, ServerMessages } from '@facewright/core';
import { Server, type DefaultEventsMap, type Socket } from 'socket.io';
import { z } from 'zod';
import { admitSockets, type SocketData } from '../access/admit-sockets.ts';
import type { Gate } from '../access/gate.ts';
import type { BatchFeed } from '../batch/batch-feed.ts';
import { batchesLive } from '../batch/batches-live.ts';
import type { Batches } from '../batch/batches.ts';
import { refuse, type Addresses } from '../access/guard.ts';
import type { RunFeed } from './run-feed.ts';
import type { RunStore } from '../queue/run-store.ts';

const watchSchema = z.object({ run: z.string(), after: z.number().int().nonnegative() });
const followSchema = watchSchema.pick({ after: true });
const QUEUE = 'queue';
/** A client with more than this still to be taken does not keep up, bytes. */
const BEHIND_BYTES = 2 ** 19;
const MOST_RUNS = 100;
/** What a client says is short, bytes. */
const LONGEST_MESSAGE = 64 * 2 ** 10;
/** How long a connection may take to say who it is, ms. */
const JOIN_MS = 10_000;

export interface LiveOptions {
  readonly server: HttpServer;
  readonly addresses: Addresses;
  readonly gate: Gate;
  readonly runs: RunStore;
  readonly feed: RunFeed;
  /** Changes of the queue after a cursor. */
  changes(after: number): QueueChange;
  readonly batches: Batches;
  readonly batchFeed: BatchFeed;
}
export interface Live {
  /** How many are connected. */
  clients(): number;
  close(): Promise<void>;
}

interface Client {
  readonly socket: Socket<ClientMessages, ServerMessages>;
  /** Numbers of the last events sent, by run; of one in a room, those of the room hold. */
  readonly cursors: Map<string, number>;
  room: Room | null;
  /** Of the last change of the queue sent; null when it does not follow it. */
  queue: number | null;
  /** Bytes that the client has not begun to take. */
  waiting: number;
  sending: boolean;
}
/** Clients that have been told the same events. */
interface Room {
  readonly name: string;
  readonly cursors: Map<string, number>;
  readonly clients: Set<Client>;
}

export function createLive({ server, addresses, gate, runs, feed, changes, batches, batchFeed }: LiveOptions): Live {
  const io = new Server<ClientMessages, ServerMessages, DefaultEventsMap, SocketData>(server, {
    serveClient: false,
    maxHttpBufferSize: LONGEST_MESSAGE,
    connectTimeout: JOIN_MS,
    allowRequest: ({ headers }, answer) => {
      const refusal = refuse(headers, addresses);
      answer(refusal?.message ?? null, refusal === null);
    },
  });
  admitSockets(io, gate);
  const rooms = new Map<string, Room>();
  /** Those that get changes of the queue as they come, and the cursor up to which they have them. */
  const followers = new Set<Client>();
  let followed = 0;

  function leave(client: Client): void {
    const { room } = client;
    if (!room) return;
    for (const [run, seq] of room.cursors) client.cursors.set(run, seq);
    client.room = null;
    room.clients.delete(client);
    if (room.clients.size === 0) rooms.delete(room.name);
    void client.socket.leave(room.name);
  }
  function enter(client: Client): void {
    if (client.cursors.size === 0) return;
    const name = [...client.cursors.keys()].sort().join(' ');
    const room = rooms.get(name) ?? { name, cursors: new Map(client.cursors), clients: new Set() };
    rooms.set(name, room);
    room.clients.add(client);
    client.room = room;
    void client.socket.join(name);
  }
  function unfollow(client: Client): void {
    if (!followers.delete(client)) return;
    client.queue = followed;
    void client.socket.leave(QUEUE);
  }

  /** The next that the client missed; false when it has everything. */
  function sendMissed(client: Client): boolean {
    if (client.queue !== null && !followers.has(client)) {
      const change = changes(client.queue);
      client.queue = change.cursor;
      client.socket.emit('queue', change);
      if (change.more) return true;
      // What the others are still to be told does it no harm to hear twice.
      if (followers.size === 0) followed = change.cursor;
      followers.add(client);
      void client.socket.join(QUEUE);
      return true;
    }
    if (client.room) return false;
    for (const [run, after] of client.cursors) {
      const told = feed.told(run);
      const events = runs.page(run, after).filter(({ seq }) => seq <= told);
      if (events.length === 0) continue;
      client.cursors.set(run, events.at(-1)!.seq);
      client.socket.emit('events', events);
      return true;
    }
    enter(client);
    return false;
  }
  /** Sends what was missed until the client is busy with it, or has all. */
  function send(client: Client): void {
    if (client.sending) return;
    client.sending = true;
    try {
      while (client.waiting === 0 && client.socket.connected && sendMissed(client));
    } finally {
      client.sending = false;
    }
  }

  const stop = feed.listen({
    events(fresh) {
      for (const room of [...rooms.values()]) {
        const events = [...room.cursors.keys()].flatMap((run) => fresh.get(run) ?? []);
        if (events.length === 0) continue;
        for (const client of [...room.clients]) if (client.waiting > BEHIND_BYTES) leave(client);
        for (const { run, seq } of events) room.cursors.set(run, seq);
        if (room.clients.size > 0) io.to(room.name).emit('events', events);
      }
    },
    queue() {
      for (const client of [...followers]) if (client.waiting > BEHIND_BYTES) unfollow(client);
      if (followers.size === 0) return;
      const change = changes(followed);
      followed = change.cursor;
      io.to(QUEUE).emit('queue', change);
      if (change.more) feed.queueChanged();
    },
  });

  const stopBatches = batchesLive(io, batches, batchFeed);

  io.on('connection', (socket) => {
    const client: Client = { socket, cursors: new Map(), room: null, queue: null, waiting: 0, sending: false };
    socket.conn.on('packetCreate', ({ data }: { readonly data?: unknown }) => {
      client.waiting += typeof data === 'string' ? data.length : 1;
    });
    socket.conn.on('drain', () => {
      client.waiting = 0;
      send(client);
    });
    socket.on('disconnect', () => {
      leave(client);
      unfollow(client);
    });
    const answerOf = (acknowledge: unknown): Acknowledge => (typeof acknowledge === 'function' ? (acknowledge as Acknowledge) : () => {});
    socket.on('watch', (request: unknown, acknowledge: unknown) => {
      const answer = answerOf(acknowledge);
      const { data } = watchSchema.safeParse(request);
      if (!data) return answer({ ok: false, message: 'watch: expected { run, after }, got something else' });
      const found = runs.find(data.run);
      if (!found) return answer({ ok: false, message: `run ${data.run}: expected one that exists, got none` });
      if (client.cursors.size >= MOST_RUNS && !client.cursors.has(data.run))
        return answer({ ok: false, message: `watch: expected at most ${MOST_RUNS} runs at once, got one more` });
      const last = found.lastSeq;
      answer({ ok: true, last });
      leave(client);
      client.cursors.set(data.run, data.after > last ? 0 : data.after);
      send(client);
    });
    socket.on('unwatch', (run: unknown) => {
      if (typeof run !== 'string' || !client.cursors.has(run)) return;
      leave(client);
      client.cursors.delete(run);
      send(client);
    });
    socket.on('follow', (request: unknown, acknowledge: unknown) => {
      const answer = answerOf(acknowledge);
      const { data } = followSchema.safeParse(request);
      if (!data) return answer({ ok: false, message: 'follow: expected { after }, got something else' });
      answer({ ok: true });
      unfollow(client);
      client.queue = data.after;
      send(client);
    });
  });
  return {
    clients: () => io.engine.clientsCount,
    async close() {
      stop();
      stopBatches();
      await io.close();
    },
  };
}
