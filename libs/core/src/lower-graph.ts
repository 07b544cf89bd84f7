// The document as the engine runs it: one flat graph, without subgraphs and modes.
import { applyModes } from './apply-modes.ts';
import type { Definitions } from './catalogue.ts';
import { err, toProblem } from './errors.ts';
import { expandSubgraphs } from './expand-subgraphs.ts';
import type { Graph, LinkEnd, Problem, Subgraph } from './graph.ts';
import { nodeAt } from './needed-nodes.ts';
import { isSubgraphType, withSubgraphs } from './subgraph-ports.ts';

export interface LoweredGraph {
  /** Inner nodes are named by the way to them: `outer:inner`, with the round where it is repeated: `outer#2:inner`. */
  readonly graph: Graph;
  readonly problems: readonly Problem[];
  /** Nodes that do not run because a muted node would feed them, with the muted node. */
  readonly skipped: ReadonlyMap<string, string>;
  /** Ids of the document that are bypassed. */
  readonly bypassed: ReadonlySet<string>;
  /** By the way to a use of a subgraph: the nodes that its outputs come from. */
  readonly uses: ReadonlyMap<string, readonly string[]>;
  /** The definitions that are in use. */
  readonly used: ReadonlySet<string>;
}

/**
 * Writes subgraphs out and takes muted and bypassed nodes away. Values that a use gives take the place of inner ones. Null when subgraphs contain themselves, stand too deep in each other
 * or would become too much. Wants a graph whose nodes are up to date (migrateGraph). Linear in what comes out.
 */
export function lowerGraph(
  graph: Graph,
  catalogue: Definitions,
): LoweredGraph | { readonly graph: null; readonly problems: readonly Problem[] } {
  const expanded = expandSubgraphs(graph);
  if (!expanded.graph) return expanded;
  const { uses, used } = expanded;
  const definitions = graph.subgraphs ? withSubgraphs(graph, catalogue) : catalogue;
  const lowered = applyModes(expanded.graph, definitions);
  const boundaries = [...used].flatMap((id) => checkBoundary(id, graph.subgraphs![id]!, definitions));
  const bypassed = new Set(Object.entries(expanded.graph.nodes).flatMap(([id, { mode }]) => (mode === 'bypassed' ? [id] : [])));
  return { ...lowered, problems: [...boundaries, ...expanded.problems, ...lowered.problems], bypassed, uses, used };
}

/** Ports of a subgraph that lead to no inner port, or to an input that an inner link feeds already. */
function checkBoundary(id: string, subgraph: Subgraph, definitions: Definitions): Problem[] {
  const problems: Problem[] = [];
  const linked = new Set(subgraph.links.map(({ to }) => to.join('.')));
  const check = (side: 'input' | 'output', name: string, [node, port]: LinkEnd) => {
    const say = (error: ReturnType<typeof err.UNKNOWN_NODE>) =>
      problems.push(toProblem(error.at(`subgraph ${id}`, `${side} ${name}`), { subgraph: id, node, port }));
    const inner = nodeAt(subgraph, node);
    const ports = definitions.get(inner?.type ?? '')?.definition[`${side}s`];
    if (!inner) say(err.UNKNOWN_NODE(node));
    else if (ports && !Object.hasOwn(ports, port) && !isSubgraphType(inner.type)) say(err.UNKNOWN_PORT(side, Object.keys(ports), port));
    else if (side === 'input' && linked.has(`${node}.${port}`)) say(err.FED_INSIDE([node, port]));
  };
  for (const [name, { to }] of Object.entries(subgraph.inputs)) for (const end of to) check('input', name, end);
  for (const [name, { from }] of Object.entries(subgraph.outputs)) check('output', name, from);
  return problems;
}

/** The flat nodes that are meant by ids of a document: a use of a subgraph means what gives its outputs, and output nodes in it. */
export function targetsIn(
  { graph, skipped, bypassed, uses }: LoweredGraph,
  targets: readonly string[],
  catalogue: Definitions,
): { readonly targets: readonly string[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const wanted = new Set<string>();
  const inside = new Map<string, string[]>();
  for (const id of targets.some((target) => uses.has(target)) ? Object.keys(graph.nodes) : []) {
    if (!catalogue.get(graph.nodes[id]!.type)?.definition.output) continue;
    for (let end = id.lastIndexOf(':'); end > 0; end = id.lastIndexOf(':', end - 1)) {
      const way = id.slice(0, end).replace(/#\d+$/, '');
      const list = inside.get(way);
      if (list) list.push(id);
      else inside.set(way, [id]);
    }
  }
  for (const target of targets) {
    if (nodeAt(graph, target)) {
      wanted.add(target);
      continue;
    }
    const muted = skipped.get(target);
    const meant = uses.has(target) ? [...uses.get(target)!, ...(inside.get(target) ?? [])] : undefined;
    const runs = meant?.filter((id) => nodeAt(graph, id));
    if (runs && runs.length > 0) for (const id of runs) wanted.add(id);
    else if (muted !== undefined) problems.push(toProblem(err.SKIPPED(target, muted), { node: target }));
    else if (bypassed.has(target) || meant) {
      const why = meant?.flatMap((id) => skipped.get(id) ?? [])[0];
      problems.push(toProblem(why === undefined ? err.NOT_RUN(target) : err.SKIPPED(target, why), { node: target }));
    } else wanted.add(target);
  }
  return { targets: [...wanted], problems };
}
