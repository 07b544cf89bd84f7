// What the editor knows of a run: a fold over its numbered events. The same events give the same state, however they are cut into batches.
import type { NodeOutputs, PlanStep, Problem, RunEvent, RunSummary } from '@facewright/core';

export type NodeStatus = 'queued' | 'running' | 'cached' | 'done' | 'failed' | 'blocked' | 'stopped';
export interface NodeRun {
  readonly status: NodeStatus;
  readonly done: number;
  readonly total: number;
  /** How many items of a list it is through with; 0 for a node that runs once. */
  readonly items: number;
  readonly secondsLeft: number | null;
  readonly seconds: number | null;
  /** Why the node ran or was taken from the cache. */
  readonly reason: string;
  /** data: URL of the latest picture shown while it runs. */
  readonly preview: string | null;
  readonly outputs: NodeOutputs | null;
  /** Why the outputs are not all that was asked for: the node was stopped, or one that feeds it. */
  readonly unfinished: string | null;
  readonly problem: Problem | null;
  readonly logs: readonly { readonly level: 'info' | 'warn'; readonly message: string }[];
}
/** One metric of one node. */
export interface Curve {
  readonly node: string;
  readonly name: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}
export interface RunState {
  readonly id: string;
  readonly name: string;
  /** Number of the last event taken in: the cursor to watch from. */
  readonly seq: number;
  /** An event came out of turn: watch again from `seq`. */
  readonly missed: boolean;
  readonly status: RunSummary['status'];
  /** The node that was told to give what it has, until it does. */
  readonly stopping: string | null;
  readonly provider: string | null;
  readonly started: string | null;
  readonly finished: string | null;
  readonly seconds: number | null;
  /** In the order of the plan. */
  readonly nodes: ReadonlyMap<string, NodeRun>;
  /** By `node name`. */
  readonly curves: ReadonlyMap<string, Curve>;
  readonly problems: readonly Problem[];
  readonly notices: readonly string[];
}

const newNode: NodeRun = {
  status: 'queued',
  done: 0,
  total: 0,
  items: 0,
  secondsLeft: null,
  seconds: null,
  reason: '',
  preview: null,
  outputs: null,
  unfinished: null,
  problem: null,
  logs: [],
};
export const newRun = (id: string, name: string): RunState => ({
  id,
  name,
  seq: 0,
  missed: false,
  status: 'queued',
  stopping: null,
  provider: null,
  started: null,
  finished: null,
  seconds: null,
  nodes: new Map(),
  curves: new Map(),
  problems: [],
  notices: [],
});
export const isOver = (run: RunState): boolean => run.status === 'succeeded' || run.status === 'failed' || run.status === 'cancelled';

interface GrowingCurve extends Curve {
  readonly steps: number[];
  readonly values: number[];
}
/** A state that may be written to while one batch is taken in; maps and touched curves are copies. */
interface Draft {
  run: { -readonly [K in keyof RunState]: RunState[K] };
  nodes: Map<string, NodeRun>;
  curves: Map<string, Curve>;
  grown: Set<string>;
}

/** Takes in events after `run.seq`; earlier ones are ignored, and nothing is taken in after a gap. */
export function takeEvents(run: RunState, events: readonly RunEvent[]): RunState {
  const fresh = events.filter((event) => event.run === run.id && event.seq > run.seq);
  if (!fresh.length) return run;
  const draft: Draft = { run: { ...run, missed: false }, nodes: new Map(run.nodes), curves: new Map(run.curves), grown: new Set() };
  for (const event of fresh) {
    if (event.seq <= draft.run.seq) continue;
    if (event.seq !== draft.run.seq + 1) {
      draft.run.missed = true;
      break;
    }
    draft.run.seq = event.seq;
    take(draft, event);
  }
  return { ...draft.run, nodes: draft.nodes, curves: draft.curves };
}

function patch(draft: Draft, node: string, change: Partial<NodeRun>): void {
  draft.nodes.set(node, { ...(draft.nodes.get(node) ?? newNode), ...change });
}

function plan(draft: Draft, steps: readonly PlanStep[]): void {
  const before = draft.nodes;
  // A run that goes on after its worker was lost is planned again: finished nodes keep what they gave.
  draft.nodes = new Map(steps.map((step) => [step.node, { ...newNode, ...finished(before.get(step.node)), reason: step.reason }]));
}
const finished = (node: NodeRun | undefined): Partial<NodeRun> =>
  node && (node.status === 'done' || node.status === 'cached') ? node : {};

function stopUnfinished(draft: Draft): void {
  for (const [name, node] of draft.nodes)
    if (node.status === 'queued' || node.status === 'running') patch(draft, name, { status: 'stopped' });
}

function end(draft: Draft, status: RunSummary['status'], time: string): void {
  draft.run.status = status;
  draft.run.finished = time;
  draft.run.stopping = null;
  // Of a run that succeeded too: what was planned until it turned out that nobody needs it.
  stopUnfinished(draft);
}

function metric(draft: Draft, { node, name, step, value }: { node: string; name: string; step: number; value: number }): void {
  const key = `${node} ${name}`;
  let curve = draft.curves.get(key) as GrowingCurve | undefined;
  if (!curve || !draft.grown.has(key)) {
    curve = { node, name, steps: curve ? [...curve.steps] : [], values: curve ? [...curve.values] : [] };
    draft.curves.set(key, curve);
    draft.grown.add(key);
  }
  // A node that runs again after its worker was lost begins its curve anew.
  const last = curve.steps.at(-1);
  if (last !== undefined && step <= last) {
    const from = curve.steps.findIndex((known) => known >= step);
    curve.steps.length = from;
    curve.values.length = from;
  }
  curve.steps.push(step);
  curve.values.push(value);
}

function take(draft: Draft, event: RunEvent): void {
  const { run } = draft;
  switch (event.type) {
    case 'run_queued':
      run.name = event.name;
      return;
    case 'run_started':
      run.status = 'running';
      run.provider = event.provider;
      run.started ??= event.time;
      plan(draft, event.plan);
      return;
    case 'node_started':
      patch(draft, event.node, { status: 'running', done: 0, total: 0, items: 0, secondsLeft: null, problem: null });
      return;
    case 'node_progress':
      patch(draft, event.node, { status: 'running', done: event.done, total: event.total, secondsLeft: event.secondsLeft });
      return;
    case 'node_preview':
      if (event.image !== '') patch(draft, event.node, { preview: event.image });
      return;
    case 'node_metric':
      metric(draft, event);
      return;
    case 'node_log':
      patch(draft, event.node, { logs: [...(draft.nodes.get(event.node)?.logs ?? []), { level: event.level, message: event.message }] });
      return;
    case 'node_cached':
      patch(draft, event.node, { status: 'cached', outputs: event.outputs, reason: event.reason, preview: null });
      return;
    case 'node_finished':
      run.stopping = null;
      patch(draft, event.node, {
        status: 'done',
        outputs: event.outputs,
        unfinished: event.unfinished ?? null,
        seconds: event.seconds,
        secondsLeft: null,
        preview: null,
      });
      return;
    case 'node_failed':
      patch(draft, event.node, { status: 'failed', problem: event.problem });
      run.problems = [...run.problems, { node: event.node, ...event.problem }];
      return;
    case 'node_blocked':
      patch(draft, event.node, { status: 'blocked', reason: event.reason });
      return;
    // What expands shows it by its progress, and by what it gives in the end.
    case 'node_expanded':
      return;
    case 'item_finished':
    case 'item_cached':
    case 'item_blocked':
    case 'item_failed':
      patch(draft, event.node, { items: (draft.nodes.get(event.node)?.items ?? 0) + 1 });
      return;
    case 'run_paused':
      run.status = 'paused';
      if (draft.nodes.get(event.node)?.status === 'running') patch(draft, event.node, { secondsLeft: null });
      return;
    case 'run_continued':
      run.status = 'running';
      return;
    case 'run_stopping':
      run.stopping = event.node;
      return;
    case 'run_notice':
    case 'worker_lost':
      run.notices = [...run.notices, event.message];
      return;
    case 'run_interrupted':
      run.status = 'queued';
      run.stopping = null;
      if (run.notices.at(-1) !== event.message) run.notices = [...run.notices, event.message];
      for (const [name, node] of draft.nodes)
        if (node.status === 'running') patch(draft, name, { status: 'queued', done: 0, total: 0, secondsLeft: null });
      return;
    case 'run_succeeded':
      run.seconds = event.seconds;
      end(draft, 'succeeded', event.time);
      return;
    case 'run_failed': {
      const known = new Set(run.problems.map((problem) => `${problem.code} ${problem.node ?? ''} ${problem.message}`));
      run.problems = [
        ...run.problems,
        ...event.problems.filter((problem) => !known.has(`${problem.code} ${problem.node ?? ''} ${problem.message}`)),
      ];
      end(draft, 'failed', event.time);
      return;
    }
    case 'run_cancelled':
      end(draft, 'cancelled', event.time);
      return;
    default:
      event satisfies never;
  }
}

/** The node that a run works on, or waits in. */
export const nodeAtWork = ({ nodes }: RunState): string | null => [...nodes].find(([, { status }]) => status === 'running')?.[0] ?? null;

/** Share of the work that is over, 0..1: every node counts the same, a running one by its steps. */
export function progressOf(run: RunState): number {
  if (run.status === 'succeeded') return 1;
  if (!run.nodes.size) return 0;
  let sum = 0;
  for (const node of run.nodes.values()) {
    if (node.status === 'done' || node.status === 'cached' || node.status === 'failed') sum += 1;
    else if (node.status === 'running' && node.total > 0) sum += node.done / node.total;
  }
  return sum / run.nodes.size;
}
