// A run as one part of the document shows it: a subgraph as one node, the rounds of a repeated one together.
import { nodeInside, subgraphOf, type Graph, type NodeOutputs } from '@facewright/core';
import { stepsOf } from '../canvas/scope.ts';
import type { NodeRun, RunState } from './run-state.ts';

interface Part {
  readonly steps: readonly string[];
  readonly node: NodeRun;
}

/** By the ids of the nodes there; `path`: ids of the nodes that lead there. */
export function runNodesAt({ nodes }: Pick<RunState, 'nodes'>, graph: Graph, path: readonly string[]): ReadonlyMap<string, NodeRun> {
  const parts = new Map<string, Part[]>();
  for (const [way, node] of nodes) {
    const steps = stepsOf(way);
    const key = steps[path.length];
    if (key === undefined || !path.every((step, i) => steps[i] === step)) continue;
    const list = parts.get(key);
    const part = { steps: steps.slice(path.length + 1), node };
    if (list) list.push(part);
    else parts.set(key, [part]);
  }
  return new Map(
    [...parts].map(([id, list]) => {
      // A node that runs a graph in its place tells of itself what that comes to.
      const [own, other] = list.filter(({ steps }) => steps.length === 0);
      if (own && !other) return [id, own.node];
      const type = nodeInside(graph, [...path, id].join(':'))?.type ?? '';
      return [id, together(list, subgraphOf(graph, type) ? outputsOf(graph, type, list) : (latest(list)?.node.outputs ?? null))];
    }),
  );
}
const isOver = ({ status }: NodeRun): boolean => status !== 'queued' && status !== 'running';
const latest = (list: readonly Part[]): Part | undefined => list.findLast(({ node }) => node.outputs !== null);

/** What the ports of a subgraph gave, in the last round that has ended. */
function outputsOf(graph: Graph, type: string, list: readonly Part[]): NodeOutputs | null {
  const outputs: Record<string, unknown> = {};
  for (const name of Object.keys(subgraphOf(graph, type)?.subgraph.outputs ?? {})) {
    const steps: string[] = [];
    let port: string | undefined = name;
    for (let at = subgraphOf(graph, type); at && port !== undefined;) {
      const from: readonly [string, string] | undefined = at.subgraph.outputs[port]?.from;
      port = from?.[1];
      if (!from) break;
      steps.push(from[0]);
      at = subgraphOf(graph, at.subgraph.nodes[from[0]]?.type ?? '');
    }
    const found = latest(list.filter((part) => part.steps.join(':') === steps.join(':')));
    if (port !== undefined && found?.node.outputs?.[port] !== undefined) outputs[name] = found.node.outputs[port];
  }
  return Object.keys(outputs).length > 0 ? outputs : null;
}

function together(list: readonly Part[], outputs: NodeOutputs | null): NodeRun {
  const nodes = list.map(({ node }) => node);
  const some = (status: NodeRun['status']) => nodes.find((node) => node.status === status);
  const over = nodes.filter(isOver).length;
  const running = some('running');
  const seconds = nodes.map((node) => node.seconds).filter((each) => each !== null);
  const status = some('failed')
    ? 'failed'
    : running || (over > 0 && over < nodes.length)
      ? 'running'
      : over === 0
        ? 'queued'
        : some('stopped')
          ? 'stopped'
          : nodes.every((node) => node.status === 'cached')
            ? 'cached'
            : 'done';
  return {
    ...nodes[0]!,
    status,
    done: over,
    total: nodes.length,
    items: 0,
    secondsLeft: null,
    seconds: seconds.length > 0 ? seconds.reduce((sum, each) => sum + each, 0) : null,
    reason: '',
    preview: running?.preview ?? null,
    outputs,
    unfinished: nodes.find(({ unfinished }) => unfinished !== null)?.unfinished ?? null,
    problem: some('failed')?.problem ?? null,
    logs: [],
  };
}
