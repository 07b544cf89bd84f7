// Where the values of rows go: inputs of a graph as NODE.INPUT, by the node's id or by its title where that is the only one.
import { err as coreErr, isWidget, nearest, type Definitions, type Graph, type Port } from '@facewright/core';
import { err } from '../errors.ts';

export interface Target {
  /** NODE.INPUT with the node's id. */
  readonly name: string;
  readonly node: string;
  readonly input: string;
  readonly port: Port<unknown>;
  /** A link feeds it; a value takes the link's place. */
  readonly linked: boolean;
  /** The graph has nothing for rows that say nothing. */
  readonly required: boolean;
}

/** Every input of the graph that takes a typed value; nodes of unknown type have none. */
export function targetsOf(graph: Graph, definitions: Definitions): readonly Target[] {
  const linked = new Set(graph.links.map(({ to }) => to.join('.')));
  return Object.entries(graph.nodes).flatMap(([node, { type, values }]) =>
    Object.entries(definitions.get(type)?.definition.inputs ?? {}).flatMap(([input, port]) => {
      const name = `${node}.${input}`;
      if (!isWidget(port.type)) return [];
      const required = !port.optional && port.default === undefined && !linked.has(name) && values[input] === undefined;
      return [{ name, node, input, port: port as Port<unknown>, linked: linked.has(name), required }];
    }),
  );
}

/** The node that a person names: by id, else by title in any case. Throws CORE_UNKNOWN_NODE, SERVER_BATCH_TITLE. */
function nodeNamed(wanted: string, graph: Graph, definitions: Definitions): string {
  if (Object.hasOwn(graph.nodes, wanted)) return wanted;
  const titleOf = (id: string) => {
    const { title, type } = graph.nodes[id]!;
    return title ?? definitions.get(type)?.definition.title ?? type;
  };
  const ids = Object.keys(graph.nodes);
  const same = ids.filter((id) => titleOf(id).toLowerCase() === wanted.toLowerCase());
  if (same.length > 1) throw err.BATCH_TITLE(wanted, same);
  if (same.length === 0) throw coreErr.UNKNOWN_NODE(wanted, nearest(wanted, [...ids, ...ids.map(titleOf)]));
  return same[0]!;
}

/** The input that NODE.INPUT names. Throws SERVER_BATCH_TARGET, SERVER_BATCH_TITLE, SERVER_BATCH_LINK_ONLY, CORE_UNKNOWN_NODE, CORE_UNKNOWN_NODE_TYPE, CORE_UNKNOWN_PORT. */
export function findTarget(text: string, graph: Graph, definitions: Definitions, targets: readonly Target[]): Target {
  const exact = targets.find(({ name }) => name === text);
  if (exact) return exact;
  // Titles may have dots, names of inputs have none.
  const dot = text.lastIndexOf('.');
  if (dot < 1 || dot === text.length - 1) throw err.BATCH_TARGET(text);
  const node = nodeNamed(text.slice(0, dot), graph, definitions);
  const input = text.slice(dot + 1);
  const found = targets.find((target) => target.node === node && target.input === input);
  if (found) return found;
  const { type } = graph.nodes[node]!;
  const inputs = definitions.get(type)?.definition.inputs;
  if (!inputs) throw coreErr.UNKNOWN_NODE_TYPE(type, nearest(type, definitions.keys()));
  if (!Object.hasOwn(inputs, input)) throw coreErr.UNKNOWN_PORT('input', Object.keys(inputs), input, nearest(input, Object.keys(inputs)));
  throw err.BATCH_LINK_ONLY(inputs[input]!.type.kind);
}
