// Open sessions within a budget of memory: the least recently used closes when another needs the room, and opens again by itself when it is needed after all.
import { CodedError, type RunnableModel, type Session, type SessionOptions, type Tensors } from '@facewright/tensor';
import { err } from './errors.ts';
import { unionBytes, type Regions } from './file-regions.ts';
import { sizeText, type MemoryBudget } from './memory-budget.ts';
import type { Measure } from './measure-memory.ts';

/** What a model takes when it is open, before anything is measured. */
export interface ModelSize {
  /** In memory once however many sessions read it. */
  readonly shared: Regions;
  /** Of this session alone, bytes. */
  readonly own: number;
}
export interface SessionCacheOptions {
  readonly budget: MemoryBudget;
  /** How many shared sessions stay open. */
  readonly limit: number;
  readonly open: (model: RunnableModel, options: SessionOptions) => Promise<Session>;
  readonly sizeOf: (model: RunnableModel, options: SessionOptions) => Promise<ModelSize>;
  readonly measure: Measure;
  readonly log: (message: string) => void;
}
export interface SessionCache {
  /** The session of a key, shared by all callers. Its `release` does nothing: it belongs to the cache. An opening that fails is forgotten. */
  get(key: string, build: () => RunnableModel | Promise<RunnableModel>): Promise<Session>;
  /** A session of the caller's own; shared ones make room for it. */
  open(model: RunnableModel, options: SessionOptions): Promise<Session>;
  /** Bytes that open sessions take of this process, without the weights that they read in place. */
  held(): number;
  /** Closes all shared sessions. */
  clear(): Promise<void>;
}

interface Held extends ModelSize {
  readonly name: string;
  /** What it keeps of its own as far as it was measured: memory of the runtime grows with the runs. */
  kept: number;
}
interface Entry extends Held {
  readonly session: Session;
}

/** onnxruntime, its allocators, and the drivers of graphics devices, when there is no memory left. */
const lackOfMemory =
  /bad_alloc|failed to allocate|out of memory|outofmemory|allocation failed|device (was |is )?lost|OUT_OF_(HOST|DEVICE)_MEMORY/i;
const ranOut = (cause: unknown): cause is CodedError =>
  cause instanceof CodedError && ['RUNTIME_RUN', 'RUNTIME_OPEN'].includes(cause.code) && lackOfMemory.test(cause.detail);

/** Bytes. */
const WORTH_CLOSING = 8 * 2 ** 20;

/** 'unet:1f…:2x64x64x77' is the unet of its files. */
const nameOf = (key: string, { files }: RunnableModel) =>
  [key.split(':')[0], ...new Set(files.map(({ path }) => path.split(/[/\\]/).at(-1)))].join(' of ');
const shapesOf = (feeds: Tensors) => JSON.stringify(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));

export function createSessionCache({ budget, limit, open, sizeOf, measure, log }: SessionCacheOptions): SessionCache {
  /** Least recently used first. */
  const entries = new Map<string, Entry>();
  /** Sessions of callers, e.g. a training. */
  const lent = new Set<Entry>();
  /** What a run of a key took on top of what is kept, by the shapes it was fed; remembered beyond the session. */
  const peaks = new Map<string, number>();
  /** Names of models that were said to be too large. */
  const warned = new Set<string>();

  let last: Promise<unknown> = Promise.resolve();
  /** Opening, running and closing one at a time, as onnxruntime-node does anyway: nothing closes under a run, and growth is measured for one session. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };

  const ownOf = ({ own, kept }: Held) => Math.max(own, kept);
  const held = (sizes: readonly Held[]) =>
    unionBytes(sizes.map(({ shared }) => shared)) + sizes.reduce((sum, entry) => sum + ownOf(entry), 0);
  async function close(key: string): Promise<void> {
    const entry = entries.get(key)!;
    entries.delete(key);
    await entry.session.release();
  }
  async function closeAll(): Promise<void> {
    for (const key of [...entries.keys()]) await close(key);
  }
  /** Closes shared sessions but `keep`, least recently used first, until `need` more bytes than they hold fit. */
  async function makeRoom(wanted: Held, peak: number, keep?: string): Promise<void> {
    const all = () => [...new Set<Held>([...entries.values(), ...lent, wanted])];
    const need = () => held(all()) + peak;
    const alone = sizeText(held([wanted]) + peak);
    while (need() > budget.bytes) {
      const others = [...entries].filter(([key]) => key !== keep);
      // One whose weights others read as well frees next to nothing, so it goes only when nothing else is left.
      const frees = (entry: Entry) => held(all()) - held(all().filter((one) => one !== entry));
      const oldest = (others.find(([, entry]) => frees(entry) >= WORTH_CLOSING) ?? others[0])?.[0];
      if (oldest === undefined) {
        if (!warned.has(wanted.name))
          log(`memory: ${wanted.name} takes about ${alone}, and open models may take ${sizeText(budget.bytes)}; it is tried all the same`);
        warned.add(wanted.name);
        return;
      }
      const { name } = entries.get(oldest)!;
      await close(oldest);
      log(`memory: closed ${name} to make room for ${wanted.name}, which takes ${alone}; open models may take ${sizeText(budget.bytes)}`);
    }
  }
  /** Weights are known exactly; what a run needs on top is an estimate, which is tried. */
  function refuseTooLarge(wanted: Held): void {
    const need = unionBytes([wanted.shared]) + wanted.own;
    if (budget.firm && need > budget.bytes) throw err.MEMORY(wanted.name, sizeText(need), sizeText(budget.bytes));
  }
  /** Tries; when memory ran out, closes every shared session and tries once more. */
  async function tryTwice<T>(name: string, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (cause) {
      if (!ranOut(cause)) throw cause;
      log(`memory: ran out at ${name}; every open model is closed, and it is tried once more`);
      await closeAll();
    }
    return tryOnce(name, attempt);
  }
  async function tryOnce<T>(name: string, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (cause) {
      throw ranOut(cause)
        ? err.MEMORY(name, `more than there is (${cause.detail})`, budget.bytes < Infinity ? sizeText(budget.bytes) : 'what the device has')
        : cause;
    }
  }
  async function openEntry(name: string, model: RunnableModel, options: SessionOptions): Promise<Entry> {
    const wanted = { name, ...(await sizeOf(model, options)), kept: 0 };
    refuseTooLarge(wanted);
    await makeRoom(wanted, 0);
    const { result: session, kept } = await measure(() => tryTwice(name, () => open(model, options)));
    return { ...wanted, session, kept: kept ?? 0 };
  }
  async function runEntry(entry: Entry, key: string, feeds: Tensors): Promise<Tensors> {
    const shapes = `${key} ${shapesOf(feeds)}`;
    const known = peaks.get(shapes);
    if (known !== undefined) {
      await makeRoom(entry, known, key);
      return entry.session.run(feeds);
    }
    const { result, kept, peak } = await measure(() => entry.session.run(feeds));
    if (peak !== null) peaks.set(shapes, Math.max(0, peak - (kept ?? 0)));
    // What was returned is the caller's.
    const given = Object.values(result).reduce((sum, { data }) => sum + data.byteLength, 0);
    entry.kept += Math.max(0, (kept ?? 0) - given);
    await makeRoom(entry, 0, key);
    return result;
  }

  /** The entry of a key, as the most recently used. */
  async function use(key: string, build: () => RunnableModel | Promise<RunnableModel>): Promise<Entry> {
    const known = entries.get(key);
    entries.delete(key);
    const entry = known ?? (await (async (model) => openEntry(nameOf(key, model), model, {}))(await build()));
    entries.set(key, entry);
    while (entries.size > limit) await close(entries.keys().next().value!);
    return entry;
  }

  return {
    get: (key, build) =>
      inTurn(async () => {
        const { name, session } = await use(key, build);
        return {
          inputs: session.inputs,
          outputs: session.outputs,
          // Who holds this handle may have been overtaken by newer sessions: then the graph opens again. A device that was lost needs that too.
          run: (feeds) =>
            inTurn(() =>
              tryTwice(name, async () => {
                const entry = await use(key, build);
                return runEntry(entry, key, feeds);
              }),
            ),
          readState: async () => ({}),
          release: async () => {},
        };
      }),
    open: (model, options) =>
      inTurn(async () => {
        const entry = await openEntry(nameOf(options.state?.length ? 'training' : 'model', model), model, options);
        lent.add(entry);
        const { session } = entry;
        const attempt = options.state?.some(({ inPlace }) => inPlace) ? tryOnce : tryTwice;
        return {
          ...session,
          // Nothing of its state changes in a run that fails, unless it is written in place.
          run: (feeds) => inTurn(() => attempt(entry.name, () => session.run(feeds))),
          readState: (names) => inTurn(() => session.readState(names)),
          release: () =>
            inTurn(async () => {
              lent.delete(entry);
              await session.release();
            }),
        };
      }),
    held: () => [...entries.values(), ...lent].reduce((sum, entry) => sum + ownOf(entry), 0),
    clear: () => inTurn(closeAll),
  };
}
