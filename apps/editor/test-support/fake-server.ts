// The server's API without a worker, for developing and testing the editor: graphs are kept in memory and runs are played from a script.
// Run it with: node test-support/fake-server.ts [PORT] (dist is served when it was built).
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import {
  canConnect,
  isTerminal,
  isWidget,
  type ClientMessages,
  type Graph,
  type NodeDescription,
  type Problem,
  type QueueChange,
  type RunEvent,
  type RunEventBody,
  type RunSummary,
  type ServerMessages,
} from '@facewright/core';
import { Server as LiveServer } from 'socket.io';
import { fakeLoop, fakeNodes } from './fake-nodes.ts';

const CSP =
  "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'";
const dist = join(import.meta.dirname, '../dist');
const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const fakeCheckpoints = [
  ['checkpoints/dreamshaper_8.safetensors', 2_132_625_894],
  ['checkpoints/portraits/epicphotogasm_z.safetensors', 2_132_625_918],
  ['checkpoints/portraits/realistic-faces-of-the-north-with-a-very-long-name-v3-pruned-fp16.safetensors', 2_132_625_612],
  ['checkpoints/Realistic_Vision_V5.1.safetensors', 4_265_096_996],
  ['checkpoints/Realistic_Vision_V5.1-inpainting.safetensors', 4_265_146_273],
  ['checkpoints/sd-v1-5-inpainting.ckpt', 4_265_437_280],
  ['checkpoints/v1-5-pruned-emaonly.safetensors', 4_265_146_304],
  ['diffusers/stable-diffusion-xl-base-1.0', 6_938_078_334],
].map(([path, bytes], i) => ({
  path,
  bytes,
  folder: 'checkpoints',
  kind: String(path).startsWith('diffusers') ? 'folder' : String(path).endsWith('ckpt') ? 'torch' : 'safetensors',
  modified: new Date(Date.UTC(2026, i, 3 + i)).toISOString(),
}));
const descriptions = new Map<string, NodeDescription>(fakeNodes.map((node) => [node.type, node]));

interface Run {
  summary: { -readonly [K in keyof RunSummary]: RunSummary[K] };
  readonly graph: Graph;
  readonly events: RunEvent[];
  cancelled: boolean;
}
interface Asset {
  readonly bytes: string | Uint8Array;
  readonly type: string;
}
export interface FakeServer {
  readonly url: string;
  readonly runs: ReadonlyMap<string, Run>;
  /** By id: what was drawn, and what was uploaded. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Ends every socket, as a lost network does; clients connect again by themselves. */
  dropConnections(): void;
  close(): Promise<void>;
}

/** A face as an SVG picture; a bad one is crooked. */
function face(seed: number, bad: boolean): string {
  const hue = (seed * 47) % 360;
  const tilt = bad ? 5 + (seed % 5) : 0;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64"><rect width="64" height="64" fill="hsl(${(hue + 160) % 360} 35% 62%)"/><ellipse cx="32" cy="30" rx="20" ry="22" fill="hsl(${hue} 45% 30%)"/><ellipse cx="32" cy="34" rx="15" ry="19" fill="hsl(28 45% ${55 + (seed % 4) * 8}%)"/><circle cx="${26 - tilt / 3}" cy="${30 + tilt}" r="2.2" fill="#222"/><circle cx="38" cy="30" r="2.2" fill="#222"/><path d="M25 ${42 + tilt}q7 ${bad ? -4 : 6} 14 0" fill="none" stroke="#822" stroke-width="2"/></svg>`;
}

/** A grey picture that browsers read, without a coder: BMP, 24 bits, rows of whole words. */
function bitmap(width: number, height: number, grey: number): Buffer {
  const pixels = Buffer.alloc(Math.ceil((width * 3) / 4) * 4 * height, grey);
  const head = Buffer.alloc(54);
  head.write('BM');
  head.writeUInt32LE(54 + pixels.length, 2);
  head.writeUInt32LE(54, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  return Buffer.concat([head, pixels]);
}

function problemsOf(graph: Graph): Problem[] {
  return Object.entries(graph.nodes).flatMap(([id, { type, values }]): Problem[] => {
    const description = descriptions.get(type);
    if (!description) return [{ code: 'CORE_UNKNOWN_TYPE', node: id, message: `node type: expected one of the server's, got ${type}` }];
    return description.inputs.flatMap((input): Problem[] => {
      const link = graph.links.find(({ to }) => to[0] === id && to[1] === input.name);
      const from = link && descriptions.get(graph.nodes[link.from[0]]?.type ?? '')?.outputs.find(({ name }) => name === link.from[1]);
      const answer = from ? canConnect(from.type, input.type) : true;
      if (answer !== true) return [{ code: 'CORE_BAD_LINK', node: id, port: input.name, message: `link: ${answer}` }];
      if (link || input.optional || input.default !== undefined || values?.[input.name] !== undefined) return [];
      return [
        {
          code: 'CORE_MISSING_INPUT',
          node: id,
          port: input.name,
          message: `input ${input.name}: expected ${isWidget(input.type) ? 'a value' : 'a link'}, got nothing`,
        },
      ];
    });
  });
}

/** Nodes in an order in which each comes after what feeds it. */
function ordered({ nodes, links }: Graph): string[] {
  const order: string[] = [];
  const visit = (id: string): void => {
    if (order.includes(id)) return;
    for (const { from, to } of links) if (to[0] === id) visit(from[0]);
    order.push(id);
  };
  Object.keys(nodes).forEach(visit);
  return order;
}

export async function startFakeServer({
  port = 0,
  pace = 1,
}: {
  readonly port?: number;
  /** 1 plays a loop in about 20 seconds; 0 as fast as it can. */ readonly pace?: number;
} = {}): Promise<FakeServer> {
  const runs = new Map<string, Run>();
  let paused = false;
  const saved = new Map<string, { graph: Graph; modified: string }>();
  const assets = new Map<string, Asset>();
  const done = new Map<string, Readonly<Record<string, unknown>>>();
  const http: Server = createServer(
    (request, response) =>
      void answer(request, response).catch((error: unknown) =>
        send(response, 500, { problems: [{ code: 'FAKE', message: String(error) }] }),
      ),
  );
  const live = new LiveServer<ClientMessages, ServerMessages>(http);
  const wait = (ms: number) => new Promise((go) => setTimeout(go, ms * pace));

  const asset = (bytes: string, type: string) => {
    const id = `sha256:${[...bytes]
      .reduce((hash, char) => (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0, 7)
      .toString(16)
      .padStart(64, '0')}`;
    assets.set(id, { bytes, type });
    return { id, mediaType: type, bytes: bytes.length };
  };
  const image = (seed: number, bad: boolean) => ({
    asset: asset(face(seed, bad), 'image/svg+xml'),
    width: 64,
    height: 64,
    key: `prompt-${seed % 9}:${seed}`,
    caption: ['a smiling woman with red hair in a park', 'an old man with a beard by the sea'][seed % 2] ?? '',
  });
  const images = (from: number, bad: boolean) => Array.from({ length: 12 }, (_, i) => image(from + i, bad));

  const change = (): QueueChange => ({
    cursor: 1,
    whole: true,
    more: false,
    paused,
    runs: [...runs.values()].map(({ summary }) => summary),
    removed: [],
    progress: {},
  });
  const tellQueue = (): void => void live.emit('queue', change());
  const emit = (run: Run, body: RunEventBody): void => {
    const event: RunEvent = { ...body, run: run.summary.id, seq: run.events.length + 1, time: new Date().toISOString() };
    run.events.push(event);
    run.summary.lastSeq = event.seq;
    if (event.type === 'run_started') run.summary.status = 'running';
    if (isTerminal(event)) {
      run.summary.status = event.type === 'run_succeeded' ? 'succeeded' : event.type === 'run_failed' ? 'failed' : 'cancelled';
      run.summary.finished = event.time;
    }
    live.to(run.summary.id).emit('events', [event]);
    if (isTerminal(event) || event.type === 'run_started') tellQueue();
  };

  function outputsOf(run: Run, id: string): Record<string, unknown> {
    const seed = Number(run.graph.nodes[id]?.values?.['seed'] ?? 5);
    const outputs: Record<string, unknown> = {};
    for (const { name, type } of descriptions.get(run.graph.nodes[id]?.type ?? '')?.outputs ?? []) {
      if (type.kind === 'images') outputs[name] = images(seed, seed % 2 === 0);
      if (type.kind === 'faces')
        outputs[name] = {
          images: images(11, false).map((each) => ({ image: each, faces: [{ box: [17, 15, 47, 53], confidence: 0.9, landmarks: [] }] })),
        };
      if (type.kind === 'pairs')
        outputs[name] = {
          pairs: images(11, false).map((good, i) => ({ key: good.key, caption: good.caption, good, bad: image(11 + i, true), boxes: [] })),
          manifest: {},
        };
      if (type.kind === 'report') {
        const html = `<!doctype html><title>Report</title><style>body{font:15px system-ui;margin:28px;max-width:760px}table{border-collapse:collapse}td,th{border-bottom:1px solid #ddd;padding:6px 14px;text-align:left}</style><h1>Did the faces get better?</h1><p>On 48 held-out prompts the face score rose by 0.21 (95 % interval 0.08 to 0.34); 64 % of the pairs got better.</p><table><tr><th>Measure<th>Base<th>Tuned<th>Difference</tr><tr><td>Face score<td>0.12<td>0.33<td>+0.21 [0.08, 0.34]</tr><tr><td>Fréchet distance<td>14.1<td>12.7<td>−1.4 [−2.9, 0.2]</tr></table>`;
        outputs[name] = {
          title: 'Did the faces get better?',
          summary: 'The face score rose by 0.21 (95 % interval 0.08 to 0.34) on prompts that training never saw.',
          html: asset(html, 'text/html'),
          json: asset('{"score":0.21}', 'application/json'),
        };
      }
    }
    return outputs;
  }

  async function play(run: Run): Promise<void> {
    const { graph } = run;
    const keyOf = (id: string): string =>
      JSON.stringify([graph.nodes[id], graph.links.filter(({ to }) => to[0] === id).map(({ from }) => keyOf(from[0]))]);
    const order = ordered(graph);
    const started = Date.now();
    emit(run, { type: 'run_queued', name: run.summary.name });
    await wait(150);
    emit(run, {
      type: 'run_started',
      provider: 'cpu',
      plan: order.map((node) => ({
        node,
        type: graph.nodes[node]?.type ?? '',
        action: done.has(keyOf(node)) ? 'cached' : 'run',
        reason: done.has(keyOf(node)) ? 'the same inputs gave this before' : 'never ran before',
        key: node,
      })),
    });
    for (const node of order) {
      const known = done.get(keyOf(node));
      if (known) {
        emit(run, { type: 'node_cached', node, outputs: known, reason: 'the same inputs gave this before' });
        continue;
      }
      const type = graph.nodes[node]?.type ?? '';
      const training = type.endsWith('trainer');
      const total = training ? 120 : type.endsWith('sampler') ? 20 : 4;
      const begun = Date.now();
      emit(run, { type: 'node_started', node });
      for (let step = 1; step <= total; step++) {
        await wait(training ? 40 : 60);
        if (run.cancelled) return emit(run, { type: 'run_cancelled' });
        emit(run, {
          type: 'node_progress',
          node,
          done: step,
          total,
          secondsLeft: step < 3 ? null : ((Date.now() - begun) / 1000 / step) * (total - step),
        });
        if (type.endsWith('sampler') && step % 4 === 0)
          emit(run, { type: 'node_preview', node, image: `data:image/svg+xml,${encodeURIComponent(face(step, step < 12))}` });
        if (training)
          for (const [name, size] of [
            ['loss', 1],
            ['guidance', 0.6],
            ['diffusion', 0.3],
          ] as const)
            emit(run, {
              type: 'node_metric',
              node,
              name,
              step,
              value: size * (0.2 + Math.exp(-step / 40)) * (1 + 0.25 * Math.sin(step * 12.9)),
            });
      }
      if (type === 'facewright/face-detect' && graph.nodes[node]?.values?.['confidence'] === 0.99) {
        const problem: Problem = {
          code: 'NODE_NO_FACES',
          node,
          port: 'images',
          message: 'images: expected at least one face with a confidence of 0.99, got none',
        };
        emit(run, { type: 'node_failed', node, problem });
        return emit(run, { type: 'run_failed', problems: [problem] });
      }
      const outputs = outputsOf(run, node);
      done.set(keyOf(node), outputs);
      emit(run, { type: 'node_finished', node, outputs, seconds: (Date.now() - begun) / 1000 });
    }
    emit(run, { type: 'run_succeeded', outputs: {}, seconds: (Date.now() - started) / 1000 });
  }

  function start(graph: Graph): Run {
    const id = `run-${runs.size + 1}`;
    const run: Run = {
      summary: {
        id,
        name: graph.name,
        status: 'queued',
        created: new Date().toISOString(),
        finished: null,
        lastSeq: 0,
        number: runs.size + 1,
        priority: 0,
        place: runs.size + 1,
        cancelling: false,
        attempts: 0,
        retryOf: null,
        problem: null,
      },
      graph,
      events: [],
      cancelled: false,
    };
    runs.set(id, run);
    void play(run);
    return run;
  }

  const send = (response: ServerResponse, status: number, body: unknown): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  /** JSON, or bytes of any other kind. */
  async function bodyOf(request: IncomingMessage): Promise<unknown> {
    const bytes = Buffer.concat(await request.toArray());
    if (bytes.length === 0) return undefined;
    return request.headers['content-type'] === 'application/json' ? JSON.parse(bytes.toString()) : new Uint8Array(bytes);
  }
  async function file(path: string, response: ServerResponse): Promise<void> {
    const wanted = normalize(path === '/' ? '/index.html' : path);
    try {
      const bytes = await readFile(join(dist, wanted));
      response
        .writeHead(200, { 'content-type': mediaTypes[extname(wanted)] ?? 'application/octet-stream', 'content-security-policy': CSP })
        .end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (!path.startsWith('/api/v1/')) return file(path, response);
    const [what, name, more] = path.slice('/api/v1/'.length).split('/');
    const body = request.method === 'PUT' || request.method === 'POST' ? await bodyOf(request) : undefined;
    const missing = (): void =>
      send(response, 404, { problems: [{ code: 'SERVER_NO_SUCH', message: `${what}: expected a known name, got ${name}` }] });
    switch (`${request.method} ${what}`) {
      case 'GET models':
        return send(response, 200, {
          models: new URL(request.url ?? '/', 'http://localhost').searchParams.get('folder') === 'checkpoints' ? fakeCheckpoints : [],
          folders: ['/home/ada/ComfyUI/models', '/home/ada/faces/models'],
        });
      case 'GET nodes':
        return send(response, 200, { nodes: fakeNodes });
      case 'GET templates':
        if (name === undefined)
          return send(response, 200, {
            templates: [
              {
                name: 'face-quality-loop',
                title: 'The face-quality loop',
                description:
                  'Draws faces, makes good and bad pairs, fine-tunes with the guidance loss and measures on held-out prompts whether faces got better.',
                nodes: Object.keys(fakeLoop.nodes).length,
                thumbnail: false,
              },
              {
                name: 'score-photos',
                title: 'Score photographs',
                description: 'A folder of photographs, face by face: detect, score, table.',
                nodes: 6,
                thumbnail: true,
              },
            ],
          });
        return name === 'face-quality-loop' ? send(response, 200, fakeLoop) : missing();
      case 'GET graphs':
        if (name === undefined)
          return send(response, 200, { graphs: [...saved].map(([each, { modified }]) => ({ name: each, modified })) });
        return saved.has(name) ? send(response, 200, saved.get(name)?.graph) : missing();
      case 'PUT graphs':
        saved.set(name ?? '', { graph: body as Graph, modified: new Date().toISOString() });
        return send(response, 200, {});
      case 'DELETE graphs':
        return saved.delete(name ?? '') ? send(response, 200, {}) : missing();
      case 'POST graphs':
        return send(response, 200, { problems: problemsOf((body as { graph: Graph }).graph), plan: [] });
      case 'POST runs': {
        if (more === 'cancel') {
          const run = runs.get(name ?? '');
          if (!run) return missing();
          run.cancelled = true;
          return send(response, 200, { run: run.summary });
        }
        const { graph } = body as { graph: Graph };
        const problems = problemsOf(graph);
        return problems.length ? send(response, 422, { problems }) : send(response, 201, { run: start(graph).summary });
      }
      case 'GET runs': {
        const run = runs.get(name ?? '');
        return run ? send(response, 200, { run: run.summary, graph: run.graph }) : missing();
      }
      case 'POST assets': {
        const type = request.headers['content-type'] ?? '';
        const id = `sha256:${createHash('sha256')
          .update(body as Uint8Array)
          .digest('hex')}`;
        assets.set(id, { bytes: body as Uint8Array, type });
        return send(response, 201, { asset: { id, mediaType: type, bytes: (body as Uint8Array).length } });
      }
      case 'GET pictures': {
        const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
        const wanted = searchParams.get('path') ?? '';
        if (!wanted.startsWith('/photos/') && !wanted.startsWith('asset:'))
          return send(response, 404, {
            problems: [{ code: 'ENGINE_MISSING_FILE', message: `file ${wanted}: expected a readable file, got none` }],
          });
        // 320 by 200 pixels, drawn by the browser's own decoder.
        response.writeHead(200, { 'content-type': 'image/bmp' }).end(bitmap(320, 200, searchParams.get('layer') === 'mask' ? 0 : 120));
        return;
      }
      case 'GET assets': {
        const found = assets.get(name ?? '');
        if (!found) return missing();
        response.writeHead(200, { 'content-type': found.type }).end(found.bytes);
        return;
      }
      default:
        return missing();
    }
  }

  live.on('connection', (socket) => {
    socket.on('watch', ({ run, after }, acknowledge) => {
      const watched = runs.get(run);
      if (!watched) return acknowledge({ ok: false, message: `no run ${run}` });
      acknowledge({ ok: true, last: watched.events.length });
      socket.emit('events', watched.events.slice(after));
      void socket.join(run);
    });
    socket.on('unwatch', (run) => void socket.leave(run));
    socket.on('follow', (_, acknowledge) => {
      acknowledge({ ok: true });
      socket.emit('queue', change());
    });
  });
  await new Promise<void>((ready) => http.listen(port, '127.0.0.1', ready));
  const address = http.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`,
    runs,
    assets,
    dropConnections: () => {
      for (const socket of live.sockets.sockets.values()) socket.conn.close();
    },
    close: () => live.close(),
  };
}

if (process.argv[1] === import.meta.filename) console.log((await startFakeServer({ port: Number(process.argv[2] ?? 8288) })).url);
