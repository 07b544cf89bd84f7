// The context a node runs in: the host's I/O, and progress, pictures and curves turned into events.
import { messageOf, show, type Checkpoint, type Graph, type NodeContext, type RunEventBody } from '@facewright/core';
import { CodedError, createRng, type ImageBuffer } from '@facewright/tensor';
import type { CheckpointKey } from './checkpoint-store.ts';
import type { EngineHost } from './host.ts';
import { freezeData } from './plain-data.ts';
import type { GatedControl } from './run-control.ts';
import type { Expand } from './scope.ts';

/** Events of one node come at most this often: ten progress bars and two pictures a second are as much as anyone sees. */
const progressMs = 100;
const previewMs = 500;

export interface OpenContext {
  readonly context: NodeContext;
  /** What the node said of outputs that are not all that was asked for. */
  unfinished(): string | undefined;
  /** As `NodeIo.peakMemory`. */
  peakMemory(): number | null;
  /** Waits for pictures on their way, releases the host's part; afterwards the context is silent. */
  close(): Promise<void>;
}

export interface ContextOf {
  readonly node: string;
  readonly graph: Graph;
  readonly host: EngineHost;
  readonly control: GatedControl;
  readonly signal: AbortSignal;
  readonly provider: string;
  /** Of the node's checkpoint; worked out when it asks for one. */
  readonly checkpointKey: () => CheckpointKey;
  readonly progress: Progress;
  readonly expand: Expand;
  readonly emit: (event: RunEventBody) => void;
}

export interface Progress {
  /** As a context's `progress`. */
  report(done: number, total: number, preview?: ImageBuffer): void;
  /** Time that went by without work. */
  skip(milliseconds: number): void;
  /** Waits for a picture on its way. */
  settle(): Promise<void>;
}
/** Thins progress out and tells the time left. */
export function createProgress({ emit, host }: Pick<ContextOf, 'emit' | 'host'>, node: string): Progress {
  let first: { readonly time: number; readonly done: number } | undefined;
  let lastProgress = -Infinity;
  let lastPreview = -Infinity;
  let picture: Promise<void> | undefined;
  return {
    report(done, total, preview) {
      const now = performance.now();
      first ??= { time: now, done };
      if (done >= total || now - lastProgress >= progressMs) {
        lastProgress = now;
        // The rate counts from the first call, so that loading a model does not look like slow steps.
        const secondsLeft = done > first.done ? ((now - first.time) / 1000 / (done - first.done)) * Math.max(0, total - done) : null;
        emit({ type: 'node_progress', node, done, total, secondsLeft });
      }
      if (preview && !picture && (done >= total || now - lastPreview >= previewMs)) {
        lastPreview = now;
        picture = host
          .preview(preview)
          .then(
            (image) => emit({ type: 'node_preview', node, image }),
            (error: unknown) =>
              emit({ type: 'node_log', node, level: 'warn', message: `preview: expected a picture, got ${String(error)}` }),
          )
          .finally(() => {
            picture = undefined;
          });
      }
    },
    skip(milliseconds) {
      if (first) first = { ...first, time: first.time + milliseconds };
    },
    settle: async () => picture,
  };
}

/** Waits while the run is paused, and tells when it does. Rejects when the run is cancelled. */
export async function waitWhilePaused({
  node,
  control,
  signal,
  emit,
}: Pick<ContextOf, 'node' | 'control' | 'signal' | 'emit'>): Promise<void> {
  if (!control.paused) return;
  emit({ type: 'run_paused', node });
  await control.proceed(signal);
  emit({ type: 'run_continued' });
}

export function openContext(of: ContextOf): OpenContext {
  const { node, graph, host, control, signal, provider, checkpointKey, progress, expand, emit } = of;
  const { close, peakMemory = () => null, ...io } = host.openNode(node, signal);
  let open = true;
  const say = (event: RunEventBody) => {
    if (open) emit(event);
  };
  const log: NodeContext['log'] = (level, message) => say({ type: 'node_log', node, level, message });

  let unfinished: string | undefined;
  const whole = (loading: Promise<Checkpoint | null>) =>
    loading.catch((error: unknown) => {
      if (!(error instanceof CodedError)) throw error;
      log('warn', `${error.message}; begins anew`);
      return null;
    });
  /** What cannot be saved must not end the work that it was to save. */
  const saved = (save: (() => Promise<void>) | undefined) =>
    save?.().catch((error: unknown) => log('warn', `checkpoint: expected to save it, got ${messageOf(error)}`));

  const context: NodeContext = {
    node,
    graph,
    signal,
    provider,
    log,
    rng: createRng,
    expand,
    ...io,
    async gate(save) {
      if (signal.aborted || control.paused) await saved(save);
      signal.throwIfAborted();
      const begun = performance.now();
      await waitWhilePaused(of);
      // A pause does not make the steps slower.
      progress.skip(performance.now() - begun);
      return control.stopping ? 'stop' : 'go';
    },
    checkpoint: {
      load: () => whole(host.checkpoints.load(checkpointKey())),
      related: (rank) => whole(host.checkpoints.related(checkpointKey(), rank)),
      // A copy, since the node goes on with what it gave.
      save: ({ data, ...rest }) =>
        host.checkpoints.save(checkpointKey(), { data: freezeData(structuredClone(data), 'checkpoint'), ...rest }),
    },
    unfinished(what) {
      unfinished = what;
    },
    progress(done, total, preview) {
      if (open) progress.report(done, total, preview);
    },
    metric(name, step, value) {
      // JSON has no NaN; a diverged loss is worth a warning anyway.
      if (Number.isFinite(value)) say({ type: 'node_metric', node, name, step, value });
      else log('warn', `metric ${name} at step ${step}: expected a finite number, got ${show(value)}`);
    },
  };
  return {
    context,
    unfinished: () => unfinished,
    peakMemory,
    async close() {
      await progress.settle();
      open = false;
      await close();
    },
  };
}
