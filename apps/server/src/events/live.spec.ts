import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createCatalogue,
  type ClientMessages,
  type Graph,
  type QueueChange,
  type RunEvent,
  type RunEventBody,
  type ServerMessages,
} from '@facewright/core';
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAccessStore } from '../access/access-store.ts';
import { createGate } from '../access/gate.ts';
import { openBatches } from '../batch/open-batches.ts';
import { openDataFolder, type DataFolder } from '../data/data-folder.ts';
import { createDispatcher } from '../queue/dispatcher.ts';
import { heldMemory } from '../fixtures/held-memory.ts';
import { createLive, type Live } from './live.ts';
import { silentLog } from '../observe/log.ts';
import { createRunFeed, type RunFeed } from './run-feed.ts';
import { createRunStore, type RunStore } from '../queue/run-store.ts';

const graph: Graph = { facewright: 1, name: 'g', description: '', nodes: {}, links: [], groups: [] };
let folder: string, data: DataFolder, runs: RunStore, feed: RunFeed, server: HttpServer, live: Live, url: string;
let sockets: Socket[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'live-spec-'));
  data = openDataFolder(folder);
  const { database } = data;
  runs = createRunStore(database);
  feed = createRunFeed();
  const gate = createGate(createAccessStore(database), false);
  server = createServer();
  const dispatcher = createDispatcher({ supervisors: [], paused: runs.paused, log: silentLog });
  const { batches, feed: batchFeed } = openBatches({
    data,
    catalogue: createCatalogue([]),
    work: dispatcher,
    provider: () => 'cpu',
    log: silentLog,
  });
  live = createLive({
    server,
    addresses: { boundTo: '127.0.0.1', allowHosts: [] },
    gate,
    runs,
    feed,
    batches,
    batchFeed,
    changes: (after) => ({ ...runs.changes(after), progress: {} }),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.close();
  feed.close();
  await live.close();
  data.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function tell(run: string, body: RunEventBody): void {
  const event = runs.append(run, body);
  if (event) feed.event(event);
  feed.queueChanged();
}
const log = (message: string): RunEventBody => ({ type: 'node_log', node: 'n', level: 'info', message });
function connect(): Socket<ServerMessages, ClientMessages> & { seen: RunEvent[] } {
  const socket = io(url, { transports: ['websocket'], forceNew: true });
  sockets.push(socket);
  const seen: RunEvent[] = [];
  socket.on('events', (events: readonly RunEvent[]) => seen.push(...events));
  return Object.assign(socket, { seen });
}
async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (what()) return;
    await sleep(10);
  }
  throw new Error('it did not come within 10 s');
}
const numbers = (events: readonly RunEvent[], run: string) => events.filter((event) => event.run === run).map(({ seq }) => seq);
const upTo = (last: number, from = 1) => Array.from({ length: last - from + 1 }, (_, i) => i + from);

it('clients of the same runs and of others get every event of theirs once, in order, wherever they begin', async () => {
  for (const id of ['a', 'b']) runs.create(id, { graph });
  for (let i = 0; i < 450; i++) tell('a', log(`before ${i}`));
  const [both, late, other] = [connect(), connect(), connect()];
  await both.emitWithAck('watch', { run: 'a', after: 0 });
  await both.emitWithAck('watch', { run: 'b', after: 0 });
  await other.emitWithAck('watch', { run: 'b', after: 0 });
  for (let i = 0; i < 300; i++) {
    tell('a', log(`a ${i}`));
    tell('b', log(`b ${i}`));
    // In the middle of a bundle.
    if (i === 100) late.emit('watch', { run: 'a', after: 400 }, () => {});
    if (i === 200) both.emit('unwatch', 'b');
    if (i % 10 === 0) await sleep(2);
  }
  tell('a', { type: 'run_cancelled' });
  await until(() => both.seen.at(-1)?.type === 'run_cancelled' && late.seen.at(-1)?.type === 'run_cancelled' && other.seen.length === 300);
  expect(numbers(both.seen, 'a')).toEqual(upTo(751));
  expect(numbers(late.seen, 'a')).toEqual(upTo(751, 401));
  expect(numbers(other.seen, 'b')).toEqual(upTo(300));
  const left = numbers(both.seen, 'b');
  expect(left).toEqual(upTo(left.length));
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThan(300);
  expect(late.seen).toEqual(runs.events('a', 400));
});

it('a client that does not take what is sent costs no memory, holds up nobody, and goes on without a gap', async () => {
  runs.create('a', { graph });
  const [slow, quick] = [connect(), connect()];
  await slow.emitWithAck('watch', { run: 'a', after: 0 });
  await quick.emitWithAck('watch', { run: 'a', after: 0 });
  const { ws } = slow.io.engine.transport as unknown as { ws: { _socket: { pause(): void; resume(): void } } };
  ws._socket.pause();
  // What it would have to hold: 60 MB.
  const long = 'x'.repeat(30_000);
  const total = 2000;
  const before = await heldMemory();
  for (let i = 0; i < total; i++) {
    tell('a', log(long));
    if (i % 50 !== 49) continue;
    await until(() => quick.seen.length === i + 1);
    for (const event of quick.seen.slice(-50)) Object.assign(event, { message: '' });
  }
  expect(numbers(quick.seen, 'a')).toEqual(upTo(total));
  expect(slow.seen.length).toBeLessThan(total / 2);
  expect((await heldMemory()) - before).toBeLessThan(20);
  ws._socket.resume();
  await until(() => slow.seen.length === total);
  expect(numbers(slow.seen, 'a')).toEqual(upTo(total));
  // It has caught up, and gets what comes like the others.
  tell('a', { type: 'run_cancelled' });
  await until(() => slow.seen.length === total + 1 && quick.seen.length === total + 1);
}, 30_000);

it('says when the server has lost events that the client saw, and gives them anew', async () => {
  runs.create('a', { graph });
  tell('a', log('one'));
  const socket = connect();
  expect(await socket.emitWithAck('watch', { run: 'a', after: 9 })).toEqual({ ok: true, last: 1 });
  await until(() => socket.seen.length === 1);
});

it('whoever follows the queue has the same one in the end, also after a lost connection', async () => {
  const known = new Map<string, QueueChange['runs'][number]>();
  let cursor = 0;
  let paused = false;
  const follow = () => {
    const socket = connect();
    socket.on('queue', (change) => {
      if (change.whole) known.clear();
      for (const run of change.runs) known.set(run.id, run);
      for (const id of change.removed) known.delete(id);
      ({ cursor, paused } = change);
    });
    socket.emit('follow', { after: cursor }, () => {});
    return socket;
  };
  const same = () => {
    const stored = runs.list(-1);
    return (
      stored.length === known.size &&
      stored.every((run) => JSON.stringify({ ...run, lastSeq: 0 }) === JSON.stringify({ ...known.get(run.id), lastSeq: 0 }))
    );
  };
  const add = (id: string) => {
    runs.create(id, { graph });
    tell(id, { type: 'run_queued', name: 'g' });
  };
  add('first');
  const socket = follow();
  await until(same);
  for (let i = 0; i < 30; i++) add(`run ${i}`);
  runs.move('run 7', { priority: 3 });
  tell('run 8', { type: 'run_cancelled' });
  await until(same);
  socket.close();
  for (let i = 30; i < 260; i++) add(`run ${i}`);
  data.database.exec("DELETE FROM events WHERE run = 'run 9'; DELETE FROM runs WHERE id = 'run 9'");
  runs.pause(true);
  follow();
  await until(() => same() && paused);
  expect(known.has('run 9')).toBe(false);
  expect(known.size).toBe(260);
});
