// The context a node runs in: the host's I/O, and progress, pictures and curves turned into events.
import { show, type Graph, type NodeContext, type RunEventBody } from '@facewright/core';
import { createRng } from '@facewright/tensor';
import type { EngineHost } from './host.ts';

/** Events of one node come at most this often: ten progress bars and two pictures a second are as much as anyone sees. */
const progressMs = 100;
const previewMs = 500;

export interface OpenContext {
  readonly context: NodeContext;
  /** Waits for pictures on their way, releases the host's part; afterwards the context is silent. */
  close(): Promise<void>;
}

export function openContext(
  node: string,
  graph: Graph,
  host: EngineHost,
  signal: AbortSignal,
  provider: string,
  emit: (event: RunEventBody) => void,
): OpenContext {
  const { close, ...io } = host.openNode(node, signal);
  let open = true;
  const say = (event: RunEventBody) => {
    if (open) emit(event);
  };
  const log: NodeContext['log'] = (level, message) => say({ type: 'node_log', node, level, message });

  let first: { readonly time: number; readonly done: number } | undefined;
  let lastProgress = -Infinity;
  let lastPreview = -Infinity;
  let picture: Promise<void> | undefined;

  const context: NodeContext = {
    node,
    graph,
    signal,
    provider,
    log,
    rng: createRng,
    ...io,
    progress(done, total, preview) {
      const now = performance.now();
      first ??= { time: now, done };
      if (done >= total || now - lastProgress >= progressMs) {
        lastProgress = now;
        // The rate counts from the first call, so that loading a model does not look like slow steps.
        const secondsLeft = done > first.done ? ((now - first.time) / 1000 / (done - first.done)) * Math.max(0, total - done) : null;
        say({ type: 'node_progress', node, done, total, secondsLeft });
      }
      if (preview && !picture && (done >= total || now - lastPreview >= previewMs)) {
        lastPreview = now;
        picture = host
          .preview(preview)
          .then(
            (image) => say({ type: 'node_preview', node, image }),
            (error: unknown) => log('warn', `preview: expected a picture, got ${String(error)}`),
          )
          .finally(() => {
            picture = undefined;
          });
      }
    },
    metric(name, step, value) {
      // JSON has no NaN; a diverged loss is worth a warning anyway.
      if (Number.isFinite(value)) say({ type: 'node_metric', node, name, step, value });
      else log('warn', `metric ${name} at step ${step}: expected a finite number, got ${show(value)}`);
    },
  };
  return {
    context,
    async close() {
      await picture;
      open = false;
      await close();
    },
  };
}
