// What became of each node of a run: status, reason and times, from the run's events.
import type { RunEvent, RunEventBody } from '@facewright/core';
import type { Database } from '../data/database.ts';

export interface RunNode {
  readonly node: string;
  readonly type: string;
  /** `stopped`: it waited or worked when the run ended. */
  readonly status: 'queued' | 'running' | 'cached' | 'done' | 'failed' | 'stopped';
  /** Why it ran, or was taken from the store. */
  readonly reason: string;
  /** ISO 8601; null when it has not begun, or was taken from the store. */
  readonly started: string | null;
  /** ISO 8601; null until it has ended. */
  readonly finished: string | null;
  /** Null unless it ran to its end. */
  readonly seconds: number | null;
  /** Bytes that the worker held at most while it ran; null where it was not measured. */
  readonly memory: number | null;
}

/** Reads the events of some types of a run, in order: a long training says much else. */
export function createEventReader<T extends RunEventBody['type']>(
  database: Database,
  types: readonly T[],
): (run: string) => (Extract<RunEventBody, { readonly type: T }> & Pick<RunEvent, 'time'>)[] {
  const select = database.prepare<[string], { time: string; body: string }>(
    `SELECT time, body FROM events WHERE run = ? AND json_extract(body, '$.type') IN (${types.map((type) => `'${type}'`).join(', ')}) ORDER BY seq`,
  );
  return (run) => select.all(run).map(({ time, body }) => ({ ...(JSON.parse(body) as Extract<RunEventBody, { readonly type: T }>), time }));
}

/** In the order of the plan; empty before there is one. A run that was planned again keeps what its nodes gave before. */
export function createRunNodes(database: Database): (run: string) => RunNode[] {
  const events = createEventReader(database, [
    'run_started',
    'node_started',
    'node_cached',
    'node_finished',
    'node_failed',
    'run_succeeded',
    'run_failed',
    'run_cancelled',
  ]);
  return (run) => nodesOf(events(run));
}

type Draft = { -readonly [K in keyof RunNode]: RunNode[K] };

export function nodesOf(events: readonly (RunEventBody & Pick<RunEvent, 'time'>)[]): RunNode[] {
  let nodes = new Map<string, Draft>();
  for (const event of events) {
    const { time } = event;
    const node = 'node' in event && event.node !== undefined ? nodes.get(event.node) : undefined;
    switch (event.type) {
      case 'run_started':
        nodes = new Map(
          event.plan.map(({ node, type, reason }) => {
            const before = nodes.get(node);
            return before?.status === 'done'
              ? [node, before]
              : [node, { node, type, status: 'queued', reason, started: null, finished: null, seconds: null, memory: null }];
          }),
        );
        break;
      case 'node_started':
        if (node) Object.assign(node, { status: 'running', started: time });
        break;
      case 'node_cached':
        if (node && node.status !== 'done') Object.assign(node, { status: 'cached', finished: time, reason: event.reason });
        break;
      case 'node_finished':
        if (node) Object.assign(node, { status: 'done', finished: time, seconds: event.seconds, memory: event.memory ?? null });
        break;
      case 'node_failed':
        if (node) Object.assign(node, { status: 'failed', finished: time });
        break;
      case 'run_succeeded':
      case 'run_failed':
      case 'run_cancelled':
        for (const one of nodes.values()) if (one.status === 'queued' || one.status === 'running') one.status = 'stopped';
        break;
      default:
        break;
    }
  }
  return [...nodes.values()];
}
