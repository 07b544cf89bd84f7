// The nodes of a graph as planning and running see them, in the order in which they run.
import {
  linksInto,
  neededNodes,
  portTypes,
  type Catalogue,
  type Graph,
  type Link,
  type NodeDefinition,
  type NodeOutputs,
  type NodePackage,
  type PortTypes,
} from '@facewright/core';
import { friendlyOrder } from './friendly-order.ts';
import { freezeData } from './plain-data.ts';
import type { StoredResult } from './result-cache.ts';
import type { KeyParts } from './result-key.ts';

export interface Result {
  readonly outputs: NodeOutputs;
  /** Why the outputs are not what the node's key says. */
  readonly unfinished?: string;
}
/** Where the value of an input comes from. */
export interface Feed {
  readonly from: Step;
  readonly output: string;
  /** Levels of lists in the value. */
  readonly depth: number;
  /** The innermost list goes in whole. */
  readonly many: boolean;
  /** Levels that the node runs through. */
  readonly mapped: number;
}
export interface Step {
  readonly id: string;
  /** Place in the order. */
  readonly rank: number;
  readonly package: NodePackage;
  readonly definition: NodeDefinition;
  readonly feeds: ReadonlyMap<string, Feed>;
  /** The values of the inputs that no link feeds: what was typed, else the default; absent ones are left out. Frozen copies, checked by their ports. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Levels of lists that it runs through: 0 runs once. */
  readonly depth: number;

  /** The lazy inputs that are part of it, where it has some. */
  needed?: Set<string>;
  /** Once its key is known. */
  keyed?: {
    readonly key: string;
    readonly parts: KeyParts;
    readonly stored: StoredResult | null;
    /** Computes the same. */ readonly sameAs?: Step;
  };
  /** What its key waits for: the key or the value of another node. */
  open?: { readonly what: 'key' | 'value'; readonly of: Step };
  /** Its definition's `fresh` failed. */
  staleness?: string;
  result?: Result;
  /** Its value is asked for; for its key alone while only that is. */
  wanted?: 'key' | 'value';
  /** Inputs that are still to be computed before it can run. */
  lacking: number;
  /** Those that it lets run. */
  readonly consumers: Step[];
  /** Those whose key waits for its own key, and for its value. */
  readonly onKey: Step[];
  readonly onValue: Step[];
}

export interface Steps {
  /** By id, in the order in which they run. */
  readonly steps: ReadonlyMap<string, Step>;
  readonly types: PortTypes;
}

/** All that the targets may need, lazy or not. The graph has passed prepareGraph with the same targets. */
export function stepsOf(graph: Graph, catalogue: Catalogue, targets: readonly string[]): Steps {
  const into = linksInto(graph);
  const steps = new Map<string, Step>();
  for (const id of friendlyOrder(graph, catalogue, neededNodes(graph, targets, into), into)) {
    const nodePackage = catalogue.get(graph.nodes[id]!.type)!;
    const { definition } = nodePackage;
    const links = into.get(id) ?? [];
    const feeds = new Map<string, Feed>();
    let depth = 0;
    for (const { from, to } of links) {
      const source = steps.get(from[0])!;
      const lists = source.depth + (source.definition.outputs[from[1]]!.each ? 1 : 0);
      const many = definition.inputs[to[1]]!.many === true;
      const mapped = Math.max(0, lists - (many ? 1 : 0));
      depth = Math.max(depth, mapped);
      feeds.set(to[1], { from: source, output: from[1], depth: lists, many, mapped });
    }
    const values = typedValues(graph, id, definition, links);
    steps.set(id, {
      id,
      rank: steps.size,
      package: nodePackage,
      definition,
      feeds,
      values,
      depth,
      lacking: 0,
      consumers: [],
      onKey: [],
      onValue: [],
    });
  }
  return { steps, types: portTypes(graph, catalogue, into) };
}

export function typedValues(
  graph: Graph,
  id: string,
  { inputs }: NodeDefinition,
  links: readonly Link[],
): Readonly<Record<string, unknown>> {
  const linked = new Set(links.map(({ to }) => to[1]));
  const typed = graph.nodes[id]!.values;
  const values: Record<string, unknown> = {};
  for (const [name, port] of Object.entries(inputs)) {
    if (linked.has(name)) continue;
    const value: unknown = (Object.hasOwn(typed, name) ? typed[name] : undefined) ?? port.default;
    // A saved graph has no negative zero, so a node never sees one either.
    if (value !== undefined) values[name] = value === 0 ? 0 : freezeData(copied(port.check(value)), name);
  }
  return values;
}

/** Most values are no objects, and copying is dear. */
const copied = (value: unknown): unknown => (typeof value === 'object' ? structuredClone(value) : value);
