// A process of the measurement of live events: many socket.io clients that watch runs and say what they got. Argument: a JSON object of LiveClients.
import { isTerminal, type ClientMessages, type ServerMessages } from '@facewright/core';
import { io, type Socket } from 'socket.io-client';

export interface LiveClients {
  readonly url: string;
  readonly clients: number;
  /** Client i watches run i modulo their number. */
  readonly runs: readonly string[];
  /** What befalls each of them once, at a time in milliseconds since 1970; default: nothing. */
  readonly mishap?:
    /** It takes nothing from the network until another time. */
    | { readonly type: 'stall'; readonly at: number; readonly until: number }
    /** Its connection is lost. */
    | { readonly type: 'cut'; readonly at: number };
}
export interface LiveResult {
  /** Events that came. */
  readonly events: number;
  /** Messages that they came in. */
  readonly messages: number;
  /** Events that did not come in turn, by number: lost, repeated or out of order. */
  readonly wrong: number;
  /** Clients that saw the end of their run. */
  readonly whole: number;
  /** Of each metric, from when the server had stored it, ms: how many, by whole milliseconds. */
  readonly latencies: readonly (readonly [ms: number, count: number])[];
}
export type LiveMessage = { readonly type: 'watching' } | { readonly type: 'result'; readonly result: LiveResult };

const { url, clients, runs, mishap } = JSON.parse(process.argv[2]!) as LiveClients;
const say = (message: LiveMessage) => process.send!(message);
let events = 0;
let messages = 0;
let wrong = 0;
let whole = 0;
const latencies = new Map<number, number>();

function watch(run: string): { readonly watching: Promise<void>; readonly ended: Promise<void> } {
  const watching = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const socket: Socket<ServerMessages, ClientMessages> = io(url, { transports: ['websocket'], forceNew: true });
  let last = 0;
  let hale = true;
  socket.on('connect', () =>
    socket.emit('watch', { run, after: last }, () => {
      watching.resolve();
      if (!hale || !mishap) return;
      hale = false;
      setTimeout(() => {
        const { engine } = socket.io;
        if (mishap.type === 'cut') return void engine.close();
        // What the operating system holds for it fills up, and the server has to notice.
        const { _socket: stream } = (engine.transport as unknown as { ws: { _socket: { pause(): void; resume(): void } } }).ws;
        stream.pause();
        setTimeout(() => stream.resume(), mishap.until - Date.now());
      }, mishap.at - Date.now());
    }),
  );
  // Whoever loses the connection comes back by itself and goes on from its cursor, but for one whom the server sends away.
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') ended.resolve();
  });
  socket.on('events', (bundle) => {
    const now = Date.now();
    messages++;
    for (const event of bundle) {
      events++;
      if (event.seq !== last + 1) wrong++;
      last = event.seq;
      if (event.type === 'node_metric') {
        const ms = now - Date.parse(event.time);
        latencies.set(ms, (latencies.get(ms) ?? 0) + 1);
      }
      if (!isTerminal(event)) continue;
      whole++;
      ended.resolve();
      socket.close();
    }
  });
  return { watching: watching.promise, ended: ended.promise };
}

const all: ReturnType<typeof watch>[] = [];
for (let i = 0; i < clients; i++) {
  const client = watch(runs[i % runs.length]!);
  all.push(client);
  // A few at a time, as people come.
  if (i % 10 === 9) await client.watching;
}
await Promise.all(all.map(({ watching }) => watching));
say({ type: 'watching' });
await Promise.all(all.map(({ ended }) => ended));
say({ type: 'result', result: { events, messages, wrong, whole, latencies: [...latencies] } });
process.disconnect!();
