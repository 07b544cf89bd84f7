// A node's context for specs: assets in memory, real PNG coding, files in a temporary folder, everything a node says recorded.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Asset, Bytes, Checkpoint, Graph, Image, Judgements, JudgingTask, NodeContext } from '@facewright/core';
import { err } from '@facewright/engine';
import { createRng, type ImageBuffer, type RunnableModel, type Session, type SessionOptions } from '@facewright/tensor';
import sharp, { type Sharp } from 'sharp';

export interface FakeContextOptions {
  /** How a session is opened, e.g. `runtime.open`. Without it a node that asks for a session fails. */
  readonly openSession?: (model: RunnableModel, options?: SessionOptions) => Promise<Session>;
  readonly provider?: string;
  /** Bytes that open models may take; default Infinity. */
  readonly memory?: number;
  /** The document of the run; default: an empty one. */
  readonly graph?: Graph;
  readonly signal?: AbortSignal;
  /** What people said, for nodes that read it. */
  readonly judgements?: readonly Judgements[];
  /** Called at every gate, after the look at the signal; 'stop' tells the node to give what it has. Default: go. */
  readonly onGate?: () => 'go' | 'stop' | Promise<'go' | 'stop'>;
  /** What an earlier run of the node left behind: give two contexts the same one and the second goes on from the first. Without it nothing is kept, since specs run nodes with other inputs in one context. */
  readonly kept?: KeptCheckpoint;
}
export interface KeptCheckpoint {
  checkpoint: Checkpoint | null;
  /** What a run with other values of the inputs that the definition extends left behind. */
  related?: Checkpoint | null;
}
export interface FakeContext extends NodeContext {
  /** All that the node said, in order and unthrottled. */
  readonly said: {
    readonly progress: { readonly done: number; readonly total: number; readonly preview?: ImageBuffer }[];
    readonly metrics: { readonly name: string; readonly step: number; readonly value: number }[];
    readonly logs: { readonly level: 'info' | 'warn'; readonly message: string }[];
    /** Keys of the sessions that were asked for, without repetition. */
    readonly sessions: Set<string>;
    /** What `unfinished` was told. */
    readonly unfinished: string[];
  };
  /** What `files.write` gave, by name. */
  readonly written: ReadonlyMap<string, Uint8Array>;
  /** The judging tasks that were put up. */
  readonly published: readonly JudgingTask[];
  /** Where `files.write` writes and assets become files; made at first use, removed when the process ends. */
  folder(): string;
  /** Releases the sessions that are open, as the engine does when a node ends. */
  close(): Promise<void>;
}

const folders: string[] = [];
process.once('exit', () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
const whole = async (bytes: Bytes): Promise<Uint8Array> => (bytes instanceof Uint8Array ? bytes : new Uint8Array(await buffer(bytes)));
const digest = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export function createFakeContext({
  openSession,
  provider = 'cpu',
  memory = Infinity,
  graph = { facewright: 1, name: 'fake', description: '', nodes: {}, links: [], groups: [] },
  signal = new AbortController().signal,
  onGate = () => 'go',
  kept,
  judgements = [],
}: FakeContextOptions = {}): FakeContext {
  const stored = new Map<string, Uint8Array>();
  const written = new Map<string, Uint8Array>();
  const published: JudgingTask[] = [];
  const placed = new Map<string, Promise<void>>();
  const shared = new Map<string, Promise<Session>>();
  const open: Session[] = [];
  const said: FakeContext['said'] = { progress: [], metrics: [], logs: [], sessions: new Set(), unfinished: [] };
  let temporary: string | undefined;
  const folder = () => {
    if (temporary === undefined) folders.push((temporary = mkdtempSync(join(tmpdir(), 'facewright-spec-'))));
    return temporary;
  };
  const read = async (path: string) =>
    readFile(path).then(
      (bytes) => new Uint8Array(bytes),
      () => {
        throw err.MISSING_FILE(path);
      },
    );
  const readAsset = async ({ id }: Asset) => {
    const bytes = stored.get(id);
    if (!bytes) throw err.MISSING_ASSET(id);
    return bytes;
  };
  const writeAsset = async (given: Bytes, mediaType: string): Promise<Asset> => {
    const bytes = await whole(given);
    const asset = { id: digest(bytes), mediaType, bytes: bytes.length };
    stored.set(asset.id, bytes.slice());
    return asset;
  };
  const decode = async <T>(image: Image | Asset, take: (picture: Sharp) => Promise<T>): Promise<T> => {
    const asset = 'asset' in image ? image.asset : image;
    const bytes = await readAsset(asset);
    try {
      return await take(sharp(bytes).autoOrient().toColourspace('srgb'));
    } catch (error) {
      throw err.BAD_IMAGE('key' in image ? image.key : asset.id, (error as Error).message);
    }
  };
  const openCounted = async (build: () => RunnableModel | Promise<RunnableModel>, options?: SessionOptions) => {
    if (!openSession) throw new Error('createFakeContext: give openSession to a node that asks for a session');
    const session = await openSession(await build(), options);
    open.push(session);
    return session;
  };

  return {
    node: 'fake',
    graph,
    signal,
    provider,
    expand: async () => {
      throw new Error('createFakeContext: run a node that expands in a graph');
    },
    memory,
    said,
    written,
    published,
    folder,
    rng: createRng,
    async gate(save) {
      if (signal.aborted) await save?.();
      signal.throwIfAborted();
      return onGate();
    },
    checkpoint: {
      load: async () => structuredClone(kept?.checkpoint ?? null),
      related: async () => structuredClone(kept?.related ?? null),
      save: async (checkpoint) => {
        // As the server keeps it: numbers that are not finite, and what JSON cannot say, do not come back.
        const copy = structuredClone({ ...checkpoint, data: JSON.parse(JSON.stringify(checkpoint.data)) as unknown });
        if (kept) kept.checkpoint = copy;
      },
    },
    unfinished: (what) => void said.unfinished.push(what),
    progress: (done, total, preview) => void said.progress.push({ done, total, ...(preview && { preview }) }),
    metric: (name, step, value) => void said.metrics.push({ name, step, value }),
    log: (level, message) => void said.logs.push({ level, message }),
    session: (key, build, options) => {
      said.sessions.add(key);
      if (options?.state) return openCounted(build, options);
      const session = shared.get(key) ?? openCounted(build, options);
      shared.set(key, session);
      return session;
    },
    assets: {
      read: readAsset,
      write: writeAsset,
      async file(ref) {
        if ('path' in ref) return ref.path;
        const path = join(
          folder(),
          `${ref.asset.id.slice('sha256:'.length)}${ref.asset.mediaType.includes('safetensors') ? '.safetensors' : ''}`,
        );
        // once: who asks while another reads must not empty the file
        const placing = placed.get(path) ?? readAsset(ref.asset).then((bytes) => writeFile(path, bytes));
        placed.set(path, placing);
        await placing;
        return path;
      },
    },
    images: {
      read: (image) =>
        decode(image, async (picture) => {
          const { data, info } = await picture.flatten({ background: '#fff' }).raw().toBuffer({ resolveWithObject: true });
          return { width: info.width, height: info.height, channels: 3, data: new Uint8Array(data) };
        }),
      layers: (image) =>
        decode(image, async (picture) => {
          const { hasAlpha } = await picture.metadata();
          const { data, info } = await picture.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
          const { width, height } = info;
          const channel = (wanted: readonly number[]) => Uint8Array.from(data.filter((_, i) => wanted.includes(i % 4)));
          return {
            colours: { width, height, channels: 3, data: channel([0, 1, 2]) },
            opacity: hasAlpha ? { width, height, channels: 1, data: channel([3]) } : null,
          };
        }),
      async write({ width, height, channels, data }, { key, caption }) {
        const png = await sharp(data, { raw: { width, height, channels } }).png().toBuffer();
        return { asset: await writeAsset(new Uint8Array(png), 'image/png'), width, height, key, caption };
      },
    },
    files: {
      async list(path, endings) {
        const names = await readdir(path).catch(() => {
          throw err.MISSING_FOLDER(path);
        });
        return names
          .filter((name) => endings.some((ending) => name.toLowerCase().endsWith(ending.toLowerCase())))
          .sort()
          .map((name) => resolve(path, name));
      },
      read,
      size: async (path) => (await read(path)).length,
      part: async (path, start, end) => (await read(path)).slice(start, end),
      async ref(path) {
        const bytes = await read(path);
        return { path, bytes: bytes.length, digest: digest(bytes) };
      },
      exists: async (path) =>
        stat(path).then(
          (entry) => (entry.isDirectory() ? ('folder' as const) : entry.isFile() ? ('file' as const) : null),
          () => null,
        ),
      async write(name, bytes) {
        const path = resolve(folder(), name);
        if (!path.startsWith(folder() + sep)) throw err.OUTSIDE_FOLDER(name);
        await mkdir(dirname(path), { recursive: true });
        const all = await whole(bytes);
        await writeFile(path, all);
        written.set(name, all.slice());
        return path;
      },
    },
    judging: {
      async publish(task) {
        published.push(task);
        return { page: '/judge/first' };
      },
      async read(name) {
        const found = judgements.find((task) => task.name === name);
        if (!found)
          throw err.MISSING_JUDGING(
            name,
            judgements.map((task) => task.name),
          );
        return found;
      },
    },
    async close() {
      shared.clear();
      await Promise.all(open.splice(0).map((session) => session.release()));
    },
  };
}
