// Subgraphs as node types: the definition that the inner ports of each make.
import type { Definitions } from './catalogue.ts';
import type { Graph, LinkEnd, NodeInstance, Subgraph } from './graph.ts';
import { nodeAt } from './needed-nodes.ts';
import type { AnyPorts, NodeDefinition, NodeType } from './node.ts';
import type { Port } from './port.ts';

/** How many subgraphs may stand inside each other. */
export const SUBGRAPH_DEPTH = 32;

const PREFIX = 'subgraph/';
export const isSubgraphType = (type: string): boolean => type.startsWith(PREFIX);
export const subgraphType = (id: string): NodeType => `subgraph/${id}`;
/** The subgraph that a node type stands for in this document, with its id. */
export function subgraphOf({ subgraphs = {} }: Graph, type: string): { readonly id: string; readonly subgraph: Subgraph } | undefined {
  const id = type.slice(PREFIX.length);
  return isSubgraphType(type) && Object.hasOwn(subgraphs, id) ? { id, subgraph: subgraphs[id]! } : undefined;
}

/** The node that events and problems name by the way to it, such as `outer:inner` or `outer#2:inner`; undefined when there is none. */
export function nodeInside(graph: Graph, way: string): NodeInstance | undefined {
  let content: Pick<Graph, 'nodes'> | undefined = graph;
  let node: NodeInstance | undefined;
  for (const step of way.split(':')) {
    node = content && nodeAt(content, step.replace(/#\d+$/, ''));
    content = node && subgraphOf(graph, node.type)?.subgraph;
  }
  return node;
}

/** The installed nodes and, as further node types, the subgraphs of a document. Ports whose inner port is unknown are left out, as are those of a subgraph that contains itself. */
export function withSubgraphs(graph: Graph, installed: Definitions): Definitions {
  const definitions = new Map(installed);
  const open = new Set<string>();
  const define = (type: string): NodeDefinition | undefined => {
    const found = definitions.get(type)?.definition ?? undefined;
    const own = subgraphOf(graph, type);
    if (found || !own || open.has(type) || open.size >= SUBGRAPH_DEPTH) return found;
    open.add(type);
    const definition = definitionOfSubgraph(own.id, own.subgraph, define);
    open.delete(type);
    definitions.set(type, { definition });
    return definition;
  };
  for (const id of Object.keys(graph.subgraphs ?? {})) define(subgraphType(id));
  return definitions;
}

const wordsFor = (nodes: number): string => `A subgraph of ${nodes === 1 ? 'one node' : `${nodes} nodes`}.`;

function definitionOfSubgraph(id: string, subgraph: Subgraph, define: (type: string) => NodeDefinition | undefined): NodeDefinition {
  const inner = Object.values(subgraph.nodes).flatMap((node) => define(node.type) ?? []);
  const portOf = (side: 'inputs' | 'outputs', [node, name]: LinkEnd): Port<unknown> | undefined => {
    const ports = define(nodeAt(subgraph, node)?.type ?? '')?.[side];
    return ports && Object.hasOwn(ports, name) ? ports[name] : undefined;
  };
  const inputs: AnyPorts = Object.fromEntries(
    Object.entries(subgraph.inputs).flatMap(([name, { to }]) => {
      const fed = to.flatMap((end) => {
        const port = portOf('inputs', end);
        return port ? [{ port, typed: valueOf(subgraph, end) }] : [];
      });
      const first = fed[0];
      if (!first) return [];
      const { default: usual = undefined, ...port } = first.port;
      const value = first.typed ?? usual;
      const optional = fed.every(({ port, typed }) => port.optional || port.default !== undefined || typed !== undefined);
      return [[name, { ...port, optional: optional && value === undefined, ...(optional && value !== undefined && { default: value }) }]];
    }),
  );
  const outputs: AnyPorts = Object.fromEntries(
    Object.entries(subgraph.outputs).flatMap(([name, { from }]) => {
      const port = portOf('outputs', from);
      return port ? [[name, port]] : [];
    }),
  );
  return {
    type: subgraphType(id),
    version: 1,
    title: subgraph.title,
    summary: subgraph.description || wordsFor(Object.keys(subgraph.nodes).length),
    category: 'Subgraphs',
    inputs,
    outputs,
    effects: inner.some(({ effects }) => effects === 'writes')
      ? 'writes'
      : inner.some(({ effects }) => effects === 'reads')
        ? 'reads'
        : 'none',
    ...(inner.some(({ output }) => output) && { output: true }),
  };
}

/** What a person typed into an inner input: it stands until a use of the subgraph gives another value. */
export function valueOf({ nodes }: Pick<Graph, 'nodes'>, [node, port]: LinkEnd): unknown {
  const values = Object.hasOwn(nodes, node) ? nodes[node]!.values : {};
  return Object.hasOwn(values, port) ? values[port] : undefined;
}
