import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { graphOfPicture, type Asset, type Graph, type Problem, type RunEvent, type RunSummary } from '@facewright/core';
import sharp from 'sharp';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture, encodePng } from './files/picture-codec.ts';
import { silentLog } from './observe/log.ts';
import { startServer, type RunningServer, type ServerOptions } from './start-server.ts';

const nodes = new URL('./fixtures/test-nodes.ts', import.meta.url).href;
let folder: string, server: RunningServer;

const options = (name: string): ServerOptions => ({
  port: 0,
  host: '127.0.0.1',
  dataFolder: join(folder, name),
  provider: 'null',
  log: silentLog,
  nodes,
  templatesFolder: join(folder, 'templates'),
  editorFolder: join(folder, 'editor'),
  cancelGraceMs: 300,
});
/** A chain of nodes, each fed by the one before it. */
const chain = (name: string, ...types: (string | [type: string, values: Record<string, unknown>])[]): Graph => ({
  facewright: 1,
  name,
  description: '',
  groups: [],
  nodes: Object.fromEntries(
    types.map((entry, i) => [
      `n${i + 1}`,
      { type: `test/${typeof entry === 'string' ? entry : entry[0]}`, version: 1, values: typeof entry === 'string' ? {} : entry[1] },
    ]),
  ),
  links: types.slice(1).map((_, i) => ({ from: [`n${i + 1}`, 'value'], to: [`n${i + 2}`, 'value'] })),
});
async function api<T>(
  path: string,
  init?: RequestInit & { json?: unknown },
  from = server,
): Promise<{ status: number; body: T; headers: Headers }> {
  const { json, ...rest } = init ?? {};
  const response = await fetch(`${from.url}/api/v1${path}`, {
    ...rest,
    ...(json !== undefined && { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (response.headers.get('content-type')?.includes('json') && text ? JSON.parse(text) : text) as T,
    headers: response.headers,
  };
}
type Failed = { problems: Problem[] };
const codes = ({ body }: { body: Failed }) => body.problems.map(({ code }) => code);
const post = async (graph: Graph, to = server) =>
  (await api<{ run: RunSummary }>('/runs', { method: 'POST', json: { graph } }, to)).body.run;
const eventsOf = async (run: string, after = 0, from = server) =>
  (await api<{ events: RunEvent[] }>(`/runs/${run}/events?after=${after}`, undefined, from)).body.events;
/** All events up to the first that satisfies, polled. */
async function until(run: string, done: (event: RunEvent) => boolean, from = server): Promise<RunEvent[]> {
  for (let i = 0; i < 500; i++) {
    const events = await eventsOf(run, 0, from);
    if (events.some(done)) return events;
    await sleep(20);
  }
  throw new Error('the event did not come within 10 s');
}
const ended = (event: RunEvent) => ['run_succeeded', 'run_failed', 'run_cancelled'].includes(event.type);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'server-spec-'));
  mkdirSync(join(folder, 'templates'));
  mkdirSync(join(folder, 'editor'));
  writeFileSync(
    join(folder, 'templates', 'counting.json'),
    JSON.stringify({ ...chain('Counting', 'source', 'show'), description: 'Counts.' }),
  );
  writeFileSync(join(folder, 'templates', 'counting.png'), 'a thumbnail');
  writeFileSync(join(folder, 'templates', 'plain.json'), JSON.stringify(chain('Plain', 'show')));
  writeFileSync(join(folder, 'templates', 'broken.json'), '{');
  writeFileSync(join(folder, 'editor', 'index.html'), '<!doctype html><title>Editor</title>');
  server = await startServer(options('.data'));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe('a run', () => {
  it('succeeds with numbered events, exactly one of them terminal, and is listed', async () => {
    const run = await post(chain('simple', ['source', { value: 4 }], 'count', 'show'));
    expect(run).toMatchObject({ name: 'simple', finished: null });
    const events = await until(run.id, ended);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.filter(ended)).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: 'run_succeeded', run: run.id, outputs: { n3: { value: 7 } } });
    expect(events.map(({ type }) => type).filter((type) => type.startsWith('run_'))).toEqual([
      'run_queued',
      'run_started',
      'run_succeeded',
    ]);
    const { body } = await api<{ run: RunSummary; graph: Graph }>(`/runs/${run.id}`);
    expect(body.run).toMatchObject({ status: 'succeeded', lastSeq: events.length });
    expect(body.graph.nodes['n1']!.values).toEqual({ value: 4 });
    expect((await api<{ runs: RunSummary[] }>('/runs')).body.runs.map(({ id }) => id)).toContain(run.id);
  });
  it('computes nothing the second time', async () => {
    const graph = chain('again', ['source', { value: 11 }], 'count', 'show');
    await until((await post(graph)).id, ended);
    const events = await until((await post(graph)).id, ended);
    expect(events.filter(({ type }) => type === 'node_started')).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'run_succeeded', outputs: { n3: { value: 14 } } });
    const { body } = await api<{ plan: { node: string; action: string; reason: string }[]; problems: Problem[] }>('/graphs/explain', {
      method: 'POST',
      json: { graph: { ...graph, nodes: { ...graph.nodes, n1: { ...graph.nodes['n1']!, values: { value: 12 } } } } },
    });
    expect(body.problems).toEqual([]);
    expect(body.plan[0]).toMatchObject({ node: 'n1', action: 'run', reason: 'input value changed from 11 to 12' });
  });
  it('that fails names the node and leaves the server working', async () => {
    const events = await until((await post(chain('failing', 'source', 'fail', 'show'))).id, ended);
    expect(events.at(-1)).toMatchObject({
      type: 'run_failed',
      problems: [{ code: 'ENGINE_NODE_FAILED', node: 'n2', message: expect.stringContaining('out of paint') }],
    });
  });
  it('with an impossible graph is refused with all problems', async () => {
    const graph = chain('wrong', ['source', { value: 'four', volume: 1 }], 'nothing', 'show');
    const answer = await api<Failed>('/runs', { method: 'POST', json: { graph } });
    expect(answer.status).toBe(422);
    expect(codes(answer).sort()).toEqual(['CORE_BAD_VALUE', 'CORE_UNKNOWN_NODE_TYPE', 'CORE_UNKNOWN_PORT']);
    const valid = await api<Failed>('/graphs/validate', { method: 'POST', json: { graph } });
    expect([valid.status, codes(valid).sort()]).toEqual([200, ['CORE_BAD_VALUE', 'CORE_UNKNOWN_NODE_TYPE', 'CORE_UNKNOWN_PORT']]);
  });
  it('stores its pictures, reports and files; a report is served in a sandbox', async () => {
    const run = await post(chain('paint', ['paint', { grey: 200, title: 'A "test"' }]));
    const last = (await until(run.id, ended)).at(-1) as RunEvent & {
      outputs: { n1: { images: [{ asset: Asset }]; report: { html: Asset } } };
    };
    const {
      images: [image],
      report,
    } = last.outputs.n1;
    const picture = await fetch(`${server.url}/api/v1/assets/${image.asset.id}`);
    expect([picture.status, picture.headers.get('content-type'), (await picture.bytes()).byteLength]).toEqual([
      200,
      'image/png',
      image.asset.bytes,
    ]);
    const page = await api<string>(`/assets/${report.html.id}`);
    expect(page.body).toBe('<!doctype html><title>A "test"</title>');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    expect(readFileSync(join(folder, '.data', 'runs', run.id, 'note.txt'), 'utf8')).toBe('3:200');
    // It was told while the run was at work; the picture itself has taken its place.
    expect(await eventsOf(run.id)).toContainEqual(expect.objectContaining({ type: 'node_preview', image: '' }));
  });
  it('gives its pictures with its graph, and no pictures of other runs', async () => {
    const graph = chain('signed', ['paint', { grey: 31 }]);
    const [run, other] = [await post(graph), await post(chain('other', ['paint', { grey: 32 }]))];
    const [id, foreign] = await Promise.all(
      [run, other].map(async ({ id: of }) => {
        const last = (await until(of, ended)).at(-1) as RunEvent & { outputs: { n1: { images: [{ asset: Asset }] } } };
        return last.outputs.n1.images[0].asset.id;
      }),
    );
    const picture = await fetch(`${server.url}/api/v1/runs/${run.id}/pictures/${id}`);
    const bytes = await picture.bytes();
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(graphOfPicture(bytes)).toEqual({ graph, key: 'grey/1' });
    expect(bytes.length).toBeGreaterThan((await (await fetch(`${server.url}/api/v1/assets/${id}`)).bytes()).length);
    expect(codes(await api<Failed>(`/runs/${run.id}/pictures/${foreign}`))).toEqual(['SERVER_NO_SUCH']);
    expect((await api<Failed>(`/runs/${run.id}/pictures/outputs`)).status).toBe(404);
    expect((await api<Failed>(`/runs/nobody/pictures/${id}`)).status).toBe(404);
  });
  it('waits for the one before it; a waiting one is cancelled at once', async () => {
    const first = await post(chain('long', ['source', { value: 21 }], ['count', { steps: 100_000 }], 'show'));
    const second = await post(chain('waiting', 'source', 'show'));
    await until(first.id, ({ type }) => type === 'node_progress');
    expect((await api<{ run: RunSummary }>(`/runs/${second.id}/cancel`, { method: 'POST' })).body.run.status).toBe('cancelled');
    expect((await eventsOf(second.id)).map(({ type }) => type)).toEqual(['run_queued', 'run_cancelled']);
    const pid = server.workerPid();
    await api(`/runs/${first.id}/cancel`, { method: 'POST' });
    expect((await until(first.id, ended)).at(-1)!.type).toBe('run_cancelled');
    expect(server.workerPid()).toBe(pid);
    expect((await api<{ run: RunSummary }>(`/runs/${first.id}/cancel`, { method: 'POST' })).body.run.status).toBe('cancelled');
  });
  it('that does not stop is ended with its worker after the grace period, and the next one runs', async () => {
    const run = await post(chain('stubborn', 'source', 'stubborn', 'show'));
    await until(run.id, ({ type }) => type === 'node_log');
    const pid = server.workerPid();
    await api(`/runs/${run.id}/cancel`, { method: 'POST' });
    expect((await until(run.id, ended)).at(-1)!.type).toBe('run_cancelled');
    expect((await until((await post(chain('after', 'source', 'show'))).id, ended)).at(-1)!.type).toBe('run_succeeded');
    expect(server.workerPid()).not.toBe(pid);
  });
  it('whose worker is killed goes on from its finished nodes, under the same id', async () => {
    const graph = chain('killed', ['source', { value: 31 }], ['count', { steps: 60 }], 'show');
    const run = await post(graph);
    await until(run.id, ({ type }) => type === 'node_progress');
    process.kill(server.workerPid()!, 'SIGKILL');
    const events = await until(run.id, ended);
    const lost = events.findIndex(({ type }) => type === 'worker_lost');
    expect(events.slice(lost, lost + 3)).toMatchObject([
      { type: 'worker_lost', message: expect.stringContaining('SIGKILL') },
      { type: 'run_interrupted', message: expect.stringContaining('SIGKILL') },
      { type: 'run_started' },
    ]);
    const again = events.slice(lost + 2);
    expect(again.filter(({ type }) => type === 'node_cached')).toMatchObject([{ node: 'n1' }]);
    expect(again.filter(({ type }) => type === 'node_started')).toMatchObject([{ node: 'n2' }, { node: 'n3' }]);
    expect(again.at(-1)).toMatchObject({ type: 'run_succeeded', outputs: { n3: { value: 91 } } });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  });
});

describe('events', () => {
  it('are replayed from a cursor, over HTTP', async () => {
    const { id } = await post(chain('cursor', ['source', { value: 41 }], 'count', 'show'));
    const all = await until(id, ended);
    expect(await eventsOf(id, 3)).toEqual(all.slice(3));
    expect(await eventsOf(id, all.length)).toEqual([]);
    expect(codes(await api<Failed>(`/runs/${id}/events?after=-1`))).toEqual(['SERVER_BAD_REQUEST']);
  });
  it('reach a client that connects in the middle without a gap or a repetition, over socket.io', async () => {
    const { id } = await post(chain('live', ['source', { value: 51 }], ['count', { steps: 40 }], 'show'));
    const early = await until(id, ({ type }) => type === 'node_progress');
    const socket: Socket = io(server.url, { transports: ['websocket'] });
    const seen: RunEvent[] = [];
    const end = new Promise<void>((resolve) =>
      socket.on('events', (events: readonly RunEvent[]) => {
        seen.push(...events);
        if (events.some(ended)) resolve();
      }),
    );
    expect(await socket.emitWithAck('watch', { run: id, after: 2 })).toEqual({ ok: true, last: expect.any(Number) });
    await end;
    socket.close();
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => i + 3));
    expect(seen.length).toBeGreaterThan(early.length);
    expect(seen).toEqual(await eventsOf(id, 2));
  });
  it('of an unknown run are refused over socket.io', async () => {
    const socket: Socket = io(server.url, { transports: ['websocket'] });
    expect(await socket.emitWithAck('watch', { run: 'none', after: 0 })).toEqual({
      ok: false,
      message: 'run none: expected one that exists, got none',
    });
    expect(await socket.emitWithAck('watch', null)).toMatchObject({ ok: false });
    socket.close();
  });
});

describe('assets', () => {
  const upload = (bytes: BodyInit, type: string) =>
    api<{ asset: Asset } & Failed>('/assets', { method: 'POST', body: bytes, headers: { 'content-type': type } });
  it('are stored by content, as a raw body or as a form', async () => {
    const raw = await upload('hello', 'text/plain');
    expect([raw.status, raw.body.asset]).toEqual([
      201,
      { id: 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', mediaType: 'text/plain', bytes: 5 },
    ]);
    const form = new FormData();
    form.set('file', new Blob(['hello'], { type: 'text/plain' }), 'hello.txt');
    expect((await api<{ asset: Asset }>('/assets', { method: 'POST', body: form })).body.asset).toEqual(raw.body.asset);
    expect((await api<string>(`/assets/${raw.body.asset.id}`)).body).toBe('hello');
  });
  it('that say they are pictures and are not are refused by name', async () => {
    const form = new FormData();
    form.set('file', new Blob(['not a picture'], { type: 'image/png' }), 'holiday.png');
    const answer = await api<Failed>('/assets', { method: 'POST', body: form });
    expect([answer.status, codes(answer)]).toEqual([400, ['ENGINE_BAD_IMAGE']]);
    expect(answer.body.problems[0]!.message).toContain('holiday.png');
    expect(codes(await upload('', 'text/plain'))).toEqual(['SERVER_BAD_REQUEST']);
  });
  it.each(['..%2f..%2ffacewright.sqlite', 'sha256:..%2f..%2ffacewright.sqlite', '..', `sha256:${'0'.repeat(64)}`, 'sha256:ABC'])(
    'of the id %s are not there',
    async (id) => {
      expect((await api<Failed>(`/assets/${id}`)).status).toBe(404);
    },
  );
});

describe('graphs', () => {
  it('are saved, listed, read and deleted by name', async () => {
    const graph = chain('Mine', 'source', 'show');
    expect((await api('/graphs/My%20graph%201.5', { method: 'PUT', json: graph })).status).toBe(200);
    expect((await api<Graph>('/graphs/My%20graph%201.5')).body).toEqual(graph);
    expect((await api<{ graphs: { name: string }[] }>('/graphs')).body.graphs.map(({ name }) => name)).toEqual(['My graph 1.5']);
    expect((await api('/graphs/My%20graph%201.5', { method: 'DELETE' })).status).toBe(204);
    expect((await api<Failed>('/graphs/My%20graph%201.5')).status).toBe(404);
  });
  it.each(['..%2fescape', '%2e%2e%2fescape', '.hidden', 'a%5cb', 'a%00b', `${'x'.repeat(90)}`])(
    'cannot leave their folder by the name %s',
    async (name) => {
      const answer = await api<Failed>(`/graphs/${name}`, { method: 'PUT', json: chain('x', 'source', 'show') });
      expect([answer.status, codes(answer)]).toEqual([400, ['SERVER_BAD_NAME']]);
    },
  );
  it('without the form of a graph are not saved', async () => {
    const answer = await api<Failed>('/graphs/bad', { method: 'PUT', json: { facewright: 2, nodes: [] } });
    expect(answer.status).toBe(422);
    expect(codes(answer)).toEqual(['CORE_BAD_DOCUMENT', 'CORE_BAD_DOCUMENT']);
    expect((await api<Failed>('/graphs/bad')).status).toBe(404);
  });
  it('come as templates, without those that are broken', async () => {
    expect((await api('/templates')).body).toEqual({
      templates: [
        { name: 'counting', title: 'Counting', description: 'Counts.', nodes: 2, thumbnail: true },
        { name: 'plain', title: 'Plain', description: '', nodes: 1, thumbnail: false },
      ],
    });
    expect((await api<Graph>('/templates/counting')).body.name).toBe('Counting');
    expect((await api<Failed>('/templates/..%2f..%2fpackage')).status).toBe(404);
    const picture = await fetch(`${server.url}/api/v1/templates/counting/thumbnail`);
    expect([picture.status, picture.headers.get('content-type'), await picture.text()]).toEqual([200, 'image/png', 'a thumbnail']);
    for (const name of ['plain', 'broken', '..%2f..%2fpackage'])
      expect((await api<Failed>(`/templates/${name}/thumbnail`)).status).toBe(404);
  });
});

describe('models', () => {
  it('are listed for one folder or all, with the models folders that were looked in', async () => {
    const models = join(folder, 'models');
    for (const name of ['checkpoints/real.safetensors', 'loras/face.safetensors']) {
      mkdirSync(join(models, name, '..'), { recursive: true });
      writeFileSync(join(models, name), 'weights');
    }
    const own = await startServer({ ...options('with-models'), models: [models] });
    const list = async (query: string) =>
      (await api<{ models: { path: string; bytes: number }[]; folders: string[] }>(`/models${query}`, {}, own)).body;
    expect(await list('?folder=checkpoints')).toEqual({
      models: [
        { path: 'checkpoints/real.safetensors', folder: 'checkpoints', kind: 'safetensors', bytes: 7, modified: expect.any(String) },
      ],
      folders: [models],
    });
    expect((await list('')).models.map(({ path }) => path)).toEqual(['checkpoints/real.safetensors', 'loras/face.safetensors']);
    expect(codes(await api<Failed>('/models?folder=checkpoint', {}, own))).toEqual(['LIBRARY_FOLDER']);
    await own.close();
  });
});
describe('requests that are wrong', () => {
  it('get problems with a status that says so', async () => {
    const bad = await api<Failed>('/runs', { method: 'POST', body: '{"graph": ', headers: { 'content-type': 'application/json' } });
    expect([bad.status, codes(bad)]).toEqual([400, ['SERVER_BAD_JSON']]);
    const text = await api<Failed>('/runs', { method: 'POST', body: 'graph', headers: { 'content-type': 'text/plain' } });
    expect([text.status, codes(text)]).toEqual([400, ['SERVER_BAD_REQUEST']]);
    const missing = await api<Failed>('/runs', { method: 'POST', json: {} });
    expect([missing.status, codes(missing)]).toEqual([422, ['CORE_BAD_DOCUMENT']]);
    const large = await api<Failed>('/runs', { method: 'POST', json: { graph: 'x'.repeat(17_000_000) } });
    expect([large.status, codes(large)]).toEqual([413, ['SERVER_TOO_LARGE']]);
    const unknown = await api<Failed>('/nothing');
    expect([unknown.status, codes(unknown)]).toEqual([404, ['SERVER_NO_ROUTE']]);
    const run = await api<Failed>('/runs/none');
    expect([run.status, codes(run)]).toEqual([404, ['SERVER_NO_SUCH']]);
    const encoding = await api<Failed>('/graphs/%E0%A4%A');
    expect([encoding.status, codes(encoding)]).toEqual([400, ['SERVER_BAD_REQUEST']]);
  });
  it('from pages of other sites are refused', async () => {
    const foreign = await api<Failed>('/nodes', { headers: { origin: 'https://example.com' } });
    expect([foreign.status, codes(foreign)]).toEqual([403, ['SERVER_FOREIGN']]);
    expect((await api<Failed>('/nodes', { headers: { origin: server.url } })).status).toBe(200);
    const socket: Socket = io(server.url, {
      transports: ['websocket'],
      extraHeaders: { origin: 'https://example.com' },
      reconnection: false,
    });
    await expect(
      new Promise((resolve, reject) => {
        socket.on('connect', () => resolve('connected'));
        socket.on('connect_error', reject);
      }),
    ).rejects.toThrow();
    socket.close();
  });
});

describe('pictures of the user', () => {
  const at = (path: string) => fetch(`${server.url}/api/v1/pictures?path=${encodeURIComponent(path)}`);
  const refused = async (response: Response) => [response.status, ((await response.json()) as Failed).problems[0]!.code];
  const png = () => encodePng({ width: 40, height: 20, channels: 3, data: new Uint8Array(2400).fill(200) });
  it('are shown from a path and from the store, at full size', async () => {
    const path = join(folder, 'grey picture.png');
    writeFileSync(path, await png());
    const stored = await api<{ asset: Asset }>('/assets', {
      method: 'POST',
      body: new Uint8Array(await png()),
      headers: { 'content-type': 'image/png' },
    });
    for (const answer of [await at(path), await at(`asset:${stored.body.asset.id}`)]) {
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
      const { width, height, data } = await decodePicture(new Uint8Array(await answer.arrayBuffer()), 'p');
      expect([width, height, Math.abs(data[0]! - 200) < 4]).toEqual([40, 20, true]);
    }
  });
  it('are shown small, and as the mask of what is transparent', async () => {
    const path = join(folder, 'see-through.png');
    // 1 x 2 pixels: opaque, then gone.
    writeFileSync(
      path,
      await sharp(Uint8Array.of(9, 9, 9, 255, 9, 9, 9, 0), { raw: { width: 1, height: 2, channels: 4 } })
        .png()
        .toBuffer(),
    );
    const mask = await fetch(`${server.url}/api/v1/pictures?layer=mask&path=${encodeURIComponent(path)}`);
    expect([...(await decodePicture(new Uint8Array(await mask.arrayBuffer()), 'p')).data]).toEqual([0, 0, 0, 255, 255, 255]);
    const small = await fetch(`${server.url}/api/v1/pictures?side=10&path=${encodeURIComponent(join(folder, 'grey picture.png'))}`);
    expect(await decodePicture(new Uint8Array(await small.arrayBuffer()), 'p')).toMatchObject({ width: 10, height: 5 });
    expect(await refused(await fetch(`${server.url}/api/v1/pictures?side=0&path=x`))).toEqual([400, 'SERVER_BAD_REQUEST']);
    expect(await refused(await fetch(`${server.url}/api/v1/pictures?layer=odd&path=x`))).toEqual([400, 'SERVER_BAD_REQUEST']);
  });
  it('are refused when the path is none, leads nowhere or to something else', async () => {
    writeFileSync(join(folder, 'secret.txt'), 'no picture');
    expect(await refused(await at(join(folder, 'secret.txt')))).toEqual([400, 'ENGINE_BAD_IMAGE']);
    expect(await refused(await at(folder))).toEqual([404, 'ENGINE_MISSING_FILE']);
    expect(await refused(await at('/nowhere/cat.png'))).toEqual([404, 'ENGINE_MISSING_FILE']);
    expect(await refused(await at(`asset:sha256:${'0'.repeat(64)}`))).toEqual([404, 'SERVER_NO_SUCH']);
    expect(await refused(await fetch(`${server.url}/api/v1/pictures`))).toEqual([400, 'SERVER_BAD_REQUEST']);
  });
});

describe('the server', () => {
  it('gives the catalogue, the editor with a policy of its own, and an OpenAPI document of every route', async () => {
    const { body } = await api<{ nodes: { type: string }[] }>('/nodes');
    expect(body.nodes.map(({ type }) => type)).toEqual([
      'test/source',
      'test/count',
      'test/train',
      'test/talk',
      'test/stubborn',
      'test/fail',
      'test/touchy',
      'test/show',
      'test/paint',
    ]);
    const page = await fetch(server.url);
    expect(await page.text()).toContain('<title>Editor</title>');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const document = (await api<{ openapi: string; paths: Record<string, object> }>('/openapi.json')).body;
    expect(document.openapi).toBe('3.1.0');
    expect(
      Object.entries(document.paths)
        .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path.slice(7)}`))
        .sort(),
    ).toEqual([
      'delete /batches/{id}',
      'delete /graphs/{name}',
      'delete /judging/{name}',
      'delete /judging/{name}/annotators/{token}',
      'delete /runs/{id}',
      'delete /session',
      'delete /tokens/{name}',
      'get /assets/{id}',
      'get /batches',
      'get /batches/{id}',
      'get /batches/{id}/events',
      'get /batches/{id}/results.csv',
      'get /batches/{id}/results.jsonl',
      'get /batches/{id}/rows',
      'get /batches/{id}/rows/{row}',
      'get /graphs',
      'get /graphs/{name}',
      'get /judge/{token}',
      'get /judge/{token}/pictures/{set}/{picture}',
      'get /judging',
      'get /judging/{name}/export',
      'get /models',
      'get /nodes',
      'get /pictures',
      'get /queue',
      'get /runs',
      'get /runs/{id}',
      'get /runs/{id}/events',
      'get /runs/{id}/lock',
      'get /runs/{id}/pictures/{asset}',
      'get /session',
      'get /storage',
      'get /templates',
      'get /templates/{name}',
      'get /templates/{name}/thumbnail',
      'get /tokens',
      'post /assets',
      'post /batches',
      'post /batches/check',
      'post /batches/{id}/cancel',
      'post /batches/{id}/continue',
      'post /batches/{id}/move',
      'post /batches/{id}/pause',
      'post /batches/{id}/retry-failed',
      'post /batches/{id}/rows',
      'post /graphs/explain',
      'post /graphs/validate',
      'post /judge/{token}/votes',
      'post /judging/{name}/annotators',
      'post /queue/cancel',
      'post /queue/pause',
      'post /queue/resume',
      'post /runs',
      'post /runs/{id}/cancel',
      'post /runs/{id}/continue',
      'post /runs/{id}/move',
      'post /runs/{id}/pause',
      'post /runs/{id}/retry',
      'post /runs/{id}/stop',
      'post /session',
      'post /storage/free',
      'post /tokens',
      'put /graphs/{name}',
    ]);
    const names = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name!);
    expect(Object.keys((document as unknown as { components: { schemas: object } }).components.schemas)).toEqual(
      expect.arrayContaining(names),
    );
  });
  it('says when its port is in use or its data folder is taken, and does not disturb who was there', async () => {
    await expect(startServer({ ...options('other'), port: server.port })).rejects.toMatchObject({
      code: 'SERVER_PORT_IN_USE',
      message: expect.stringContaining(String(server.port)),
    });
    await expect(startServer(options('.data'))).rejects.toMatchObject({ code: 'SERVER_DATA_IN_USE' });
    expect((await api('/nodes')).status).toBe(200);
  });
  it('keeps results and runs over a restart; what was running goes on, then what was queued runs', async () => {
    const first = await startServer(options('restart'));
    const done = await post(chain('done', ['source', { value: 61 }], 'show'), first);
    await until(done.id, ended, first);
    const running = await post(chain('running', ['source', { value: 62 }], ['count', { steps: 60 }], 'show'), first);
    const queued = await post(chain('queued', ['source', { value: 61 }], 'show'), first);
    await until(running.id, ({ type }) => type === 'node_progress', first);
    await first.close();
    const second = await startServer(options('restart'));
    const resumed = await until(running.id, ended, second);
    expect(resumed.filter(({ type }) => type.startsWith('run_')).map(({ type }) => type)).toEqual([
      'run_queued',
      'run_started',
      'run_interrupted',
      'run_started',
      'run_succeeded',
    ]);
    expect(resumed.filter(({ type }) => type === 'node_cached')).toMatchObject([{ node: 'n1' }]);
    expect((await until(queued.id, ended, second)).map(({ type }) => type)).toEqual([
      'run_queued',
      'run_started',
      'node_cached',
      'node_cached',
      'run_succeeded',
    ]);
    expect((await eventsOf(done.id, 0, second)).at(-1)!.type).toBe('run_succeeded');
    await second.close();
  });
  it('lets the run in progress finish when it is closed with time to spare', async () => {
    const short = await startServer(options('drain'));
    const run = await post(chain('short', ['count', { steps: 20 }], 'show'), short);
    await until(run.id, ({ type }) => type === 'node_started', short);
    await short.close(5000);
    const again = await startServer(options('drain'));
    expect((await api<{ run: RunSummary }>(`/runs/${run.id}`, undefined, again)).body.run.status).toBe('succeeded');
    await again.close();
  });
});
