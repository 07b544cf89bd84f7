// Who feeds whom in a graph, and what the asked-for results need. Iterative: a chain of any length fits.
import type { Definitions } from './catalogue.ts';
import type { Graph, Link, NodeInstance } from './graph.ts';

/** A node of a graph by id; names such as `constructor` are not found by accident. */
export const nodeAt = (graph: Pick<Graph, 'nodes'>, id: string): NodeInstance | undefined =>
  Object.hasOwn(graph.nodes, id) ? graph.nodes[id] : undefined;

/** Links by the node they lead to. */
export function linksInto(graph: Graph): ReadonlyMap<string, readonly Link[]> {
  const into = new Map<string, Link[]>();
  for (const link of graph.links) {
    const list = into.get(link.to[0]);
    if (list) list.push(link);
    else into.set(link.to[0], [link]);
  }
  return into;
}

/** The targets and everything upstream of them, as far as it is in the graph. */
export function neededNodes(graph: Graph, targets: readonly string[], into = linksInto(graph)): ReadonlySet<string> {
  const needed = new Set(targets.filter((id) => nodeAt(graph, id)));
  // A set visits what is added while it is walked.
  for (const id of needed) for (const { from } of into.get(id) ?? []) if (nodeAt(graph, from[0])) needed.add(from[0]);
  return needed;
}

/** What a run without targets is for: output nodes, and nodes of unknown type, which may be outputs and must not be skipped silently. */
export const defaultTargets = (graph: Graph, catalogue: Definitions): string[] =>
  Object.entries(graph.nodes)
    .filter(([, { type }]) => catalogue.get(type)?.definition.output ?? !catalogue.has(type))
    .map(([id]) => id);
