// Events of a run and changes of the queue over socket.io: asked for from a cursor, so that a lost connection loses nothing.
import type { BatchActivity, BatchSummary, ClientMessages, QueueChange, RunEvent, ServerMessages } from '@facewright/core';
import { io, type Socket } from 'socket.io-client';
import { askForToken } from '../login/login-screen.ts';

export type Connection = 'connecting' | 'online' | 'lost';
export interface LiveListener {
  /** Events in the order of their numbers; some may have been seen before. */
  events(events: readonly RunEvent[]): void;
  /** The server has fewer events of the run than were taken in: its machine lost power. They come anew from the first. */
  restarted(run: string): void;
  queue(change: QueueChange): void;
  batches(change: { readonly batches: readonly BatchSummary[]; readonly removed: readonly string[] }): void;
  batchActivity(activity: Readonly<Record<string, BatchActivity>>): void;
  connection(state: Connection): void;
  refused(message: string): void;
}
export interface Live {
  /** Leaves the run watched before. `cursor` gives the number of the last event that was taken in; it is asked again after every reconnection. */
  watch(run: string, cursor: () => number): void;
  unwatch(): void;
}

/** Events arrive dozens of times a second in a training; they are handed on in batches of this many milliseconds. */
const BATCH_MS = 50;

export function connectLive(listener: LiveListener): Live {
  const socket: Socket<ServerMessages, ClientMessages> = io({ reconnectionDelayMax: 3000 });
  let watched: { run: string; cursor: () => number } | null = null;
  let queueCursor = 0;
  let waiting: RunEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;

  const flush = (): void => {
    timer = null;
    const events = waiting;
    waiting = [];
    if (events.length) listener.events(events);
  };
  const ask = (): void => {
    if (!watched || !socket.connected) return;
    flush();
    const { run, cursor } = watched;
    socket.emit('watch', { run, after: cursor() }, (answer) => {
      if (!answer.ok) listener.refused(answer.message ?? `run ${run} cannot be watched`);
      else if (watched?.run === run && (answer.last ?? 0) < cursor()) listener.restarted(run);
    });
  };
  socket.on('connect', () => {
    listener.connection('online');
    ask();
    socket.emit('follow', { after: queueCursor }, () => {});
  });
  socket.on('disconnect', (reason) => {
    listener.connection('lost');
    // The server let go of this client on purpose, as when its token is revoked: then it says why when asked again.
    if (reason === 'io server disconnect') socket.connect();
  });
  socket.on('connect_error', (error: Error & { readonly data?: { readonly code?: string } }) => {
    listener.connection('lost');
    if (error.data?.code === 'SERVER_TOKEN_NEEDED') void askForToken('ended').then(() => socket.connect());
  });
  socket.on('events', (events) => {
    waiting.push(...events.filter(({ run }) => run === watched?.run));
    timer ??= setTimeout(flush, BATCH_MS);
  });
  socket.on('batches', listener.batches);
  socket.on('batchActivity', listener.batchActivity);
  socket.on('queue', (change) => {
    queueCursor = change.cursor;
    listener.queue(change);
  });

  const unwatch = (): void => {
    if (watched && socket.connected) socket.emit('unwatch', watched.run);
    watched = null;
    waiting = [];
  };
  return {
    watch(run, cursor) {
      if (watched && watched.run !== run) unwatch();
      watched = { run, cursor };
      ask();
    },
    unwatch,
  };
}
