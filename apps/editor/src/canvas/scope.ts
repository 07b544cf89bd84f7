// Which part of a document the canvas shows: the document itself, or one of its subgraphs, and the way to it.
import { nodeAt, subgraphOf, type Graph, type Subgraph } from '@facewright/core';

/** Nodes, links and frames of a document or a subgraph. */
export type Content = Pick<Graph, 'nodes' | 'links' | 'groups'>;
export type Boundary = Pick<Subgraph, 'inputs' | 'outputs'>;
/** One step into a subgraph: the node that uses it, and its id. */
export interface Step {
  readonly node: string;
  readonly subgraph: string;
}
export type Path = readonly Step[];

/** Null: the document itself. */
export const scopeOf = (path: Path): string | null => path.at(-1)?.subgraph ?? null;

export const contentAt = (graph: Graph, scope: string | null): Content => (scope === null ? graph : graph.subgraphs![scope]!);

export function withContent(graph: Graph, scope: string | null, content: Partial<Subgraph>): Graph {
  if (scope === null) return { ...graph, ...content };
  return { ...graph, subgraphs: { ...graph.subgraphs, [scope]: { ...graph.subgraphs![scope]!, ...content } } };
}

/** As far as the way leads in this document. */
export function walk(graph: Graph, nodes: readonly string[]): Path {
  const path: Step[] = [];
  for (const node of nodes) {
    const found = subgraphOf(graph, nodeAt(contentAt(graph, scopeOf(path)), node)?.type ?? '');
    if (!found) break;
    path.push({ node, subgraph: found.id });
  }
  return path;
}

/** Ids of a run as the canvas knows them: `outer#2:inner` is node `inner` on the way through `outer`. */
export const stepsOf = (way: string): readonly string[] => way.split(':').map((step) => step.replace(/#\d+$/, ''));
