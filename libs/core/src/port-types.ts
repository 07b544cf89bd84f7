// What the type variables of nodes are in a graph: `any` and `same` ports take the type of what is linked to them.
import { canConnect } from './can-connect.ts';
import type { Definitions } from './catalogue.ts';
import type { Graph, Link } from './graph.ts';
import { linksInto, nodeAt } from './needed-nodes.ts';
import type { PortType } from './port.ts';

/** Ports of unknown nodes and unknown ports are `any`. */
export interface PortTypes {
  input(node: string, port: string): PortType;
  output(node: string, port: string): PortType;
}
const any: PortType = { kind: 'any' };

/** The type that takes what both give, as canConnect sees it; null when there is none. */
function join(a: PortType, b: PortType): PortType | null {
  if (a.kind === 'any') return b;
  if (b.kind === 'any') return a;
  if (a.kind === 'number' && b.kind === 'number')
    return { kind: 'number', min: Math.min(a.min, b.min), max: Math.max(a.max, b.max), integer: a.integer && b.integer };
  if (a.kind === 'choice' && b.kind === 'choice') return { kind: 'choice', of: [...new Set([...a.of, ...b.of])] };
  if (canConnect(b, a) === true) return a;
  return canConnect(a, b) === true ? b : null;
}

/**
 * A variable takes the type of the links into its inputs: of numbers the range of all, of choices all options, of an image and images the images; a link that does not
 * go with those before it leaves the type as it is. Each variable is worked out once, with a stack of its own.
 */
export function portTypes(
  graph: Graph,
  definitions: Definitions,
  into: ReadonlyMap<string, readonly Link[]> = linksInto(graph),
): PortTypes {
  const definitionAt = (node: string) => definitions.get(nodeAt(graph, node)?.type ?? '')?.definition;
  const typeOf = (node: string, side: 'inputs' | 'outputs', port: string): PortType => {
    const ports = definitionAt(node)?.[side];
    return ports && Object.hasOwn(ports, port) ? ports[port]!.type : any;
  };
  /** The variable that a port is; null for a port with a type of its own. On outputs `any` is no variable: nothing tells what it is. */
  const variableOf = (node: string, side: 'inputs' | 'outputs', port: string): string | null => {
    const type = typeOf(node, side, port);
    if (type.kind === 'same') return type.as;
    return type.kind === 'any' && side === 'inputs' ? port : null;
  };
  const keyOf = (node: string, variable: string) => JSON.stringify([node, variable]);
  const sources = (node: string, variable: string) =>
    (into.get(node) ?? []).filter(({ to }) => variableOf(node, 'inputs', to[1]) === variable).map(({ from }) => from);

  const known = new Map<string, PortType>();
  const resolve = (node: string, variable: string): PortType => {
    const open = new Set<string>();
    const stack: (readonly [string, string])[] = [[node, variable]];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const key = keyOf(...top);
      const feeding = sources(...top);
      const waiting = open.has(key)
        ? []
        : feeding.flatMap(([source, output]) => {
            const upstream = variableOf(source, 'outputs', output);
            return upstream === null || known.has(keyOf(source, upstream)) || open.has(keyOf(source, upstream))
              ? []
              : [[source, upstream] as const];
          });
      open.add(key);
      if (waiting.length > 0) stack.push(...waiting);
      else {
        known.set(
          key,
          feeding.map(([source, output]) => ready(source, output)).reduce((type, next) => join(type, next) ?? type, any),
        );
        stack.pop();
      }
    }
    return known.get(keyOf(node, variable))!;
  };
  /** Of an output whose variable is worked out; one in a cycle never is. */
  const ready = (node: string, port: string): PortType => {
    const variable = variableOf(node, 'outputs', port);
    return variable === null ? typeOf(node, 'outputs', port) : (known.get(keyOf(node, variable)) ?? any);
  };
  const at = (side: 'inputs' | 'outputs') => (node: string, port: string) => {
    const variable = variableOf(node, side, port);
    return variable === null ? typeOf(node, side, port) : (known.get(keyOf(node, variable)) ?? resolve(node, variable));
  };
  return { input: at('inputs'), output: at('outputs') };
}
