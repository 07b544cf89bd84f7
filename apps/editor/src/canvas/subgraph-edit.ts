// What a person does to subgraphs, as functions from document to document.
import {
  isSubgraphType,
  nodeAt,
  subgraphOf,
  subgraphType,
  type Graph,
  type Link,
  type LinkEnd,
  type NodeInstance,
  type Subgraph,
} from '@facewright/core';
import { freeId } from './document.ts';
import { contentAt, withContent, type Boundary } from './scope.ts';

type Side = keyof Boundary;

function freeName(wish: string, taken: ReadonlySet<string>): string {
  const base = wish.slice(0, 60);
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}${i}`;
    if (!taken.has(name)) return name;
  }
}
const boundaryAt = (graph: Graph, scope: string | null): Boundary =>
  scope === null ? { inputs: {}, outputs: {} } : graph.subgraphs![scope]!;
const scopesOf = (graph: Graph): readonly (string | null)[] => [null, ...Object.keys(graph.subgraphs ?? {})];
const usersOf = ({ nodes }: Pick<Graph, 'nodes'>, id: string): ReadonlySet<string> =>
  new Set(Object.entries(nodes).flatMap(([node, { type }]) => (type === subgraphType(id) ? [node] : [])));
const mapRecord = <V, W>(
  record: Readonly<Record<string, V>>,
  map: (name: string, value: V) => readonly [string, W] | null,
): Record<string, W> =>
  Object.fromEntries(Object.entries(record).flatMap(([name, value]) => [map(name, value)].filter((entry) => entry !== null)));

/** True when a subgraph is, or contains, another. */
export function contains(graph: Graph, id: string, other: string): boolean {
  const seen = new Set([id]);
  for (const next of seen)
    for (const { type } of Object.values(graph.subgraphs?.[next]?.nodes ?? {})) {
      const inner = subgraphOf(graph, type);
      if (inner) seen.add(inner.id);
    }
  return seen.has(other);
}

/** Moves nodes into a new subgraph, which takes their place; links that crossed its edge become its ports. */
export function makeSubgraph(
  graph: Graph,
  scope: string | null,
  chosen: readonly string[],
  title: string,
): { readonly graph: Graph; readonly node: string } {
  const { nodes, links } = contentAt(graph, scope);
  const inside = new Set(chosen.filter((id) => nodeAt({ nodes }, id)));
  const id = freeId('subgraph/subgraph', new Set(Object.keys(graph.subgraphs ?? {})));
  const use = freeId(subgraphType(id), new Set(Object.keys(nodes)));
  const inputs = new Map<string, { name: string; to: LinkEnd[] }>();
  const outputs = new Map<string, { name: string; from: LinkEnd }>();
  const names = (ports: ReadonlyMap<string, { readonly name: string }>) => new Set([...ports.values()].map(({ name }) => name));
  const inputFor = (source: string, wish: string) => {
    const port = inputs.get(source) ?? { name: freeName(wish, names(inputs)), to: [] };
    inputs.set(source, port);
    return port;
  };
  const outputFor = (from: LinkEnd) => {
    const port = outputs.get(from.join('.')) ?? { name: freeName(from[1], names(outputs)), from };
    outputs.set(from.join('.'), port);
    return port.name;
  };
  const inner: Link[] = [];
  const outer: Link[] = [];
  for (const link of links) {
    const { from, to } = link;
    if (inside.has(from[0]) && inside.has(to[0])) inner.push(link);
    else if (inside.has(to[0])) {
      const port = inputFor(from.join('.'), to[1]);
      if (port.to.length === 0) outer.push({ from, to: [use, port.name] });
      port.to.push(to);
    } else if (inside.has(from[0])) outer.push({ from: [use, outputFor(from)], to });
    else outer.push(link);
  }
  const boundary = boundaryAt(graph, scope);
  const outerInputs = mapRecord(boundary.inputs, (name, { to }) => {
    const moved = to.filter(([node]) => inside.has(node));
    const kept = to.filter(([node]) => !inside.has(node));
    if (moved.length === 0) return [name, { to }];
    const port = inputFor(` ${name}`, name);
    port.to.push(...moved);
    return [name, { to: [...kept, [use, port.name] as LinkEnd] }];
  });
  const outerOutputs = mapRecord(boundary.outputs, (name, { from }) => [
    name,
    { from: inside.has(from[0]) ? ([use, outputFor(from)] as LinkEnd) : from },
  ]);

  const moved = Object.entries(nodes).filter(([node]) => inside.has(node));
  const places = moved.map(([, { position }]): readonly [number, number] => position ?? [0, 0]);
  const mean = (axis: 0 | 1) => Math.round(places.reduce((sum, place) => sum + place[axis], 0) / Math.max(1, places.length));
  const subgraph: Subgraph = {
    title,
    description: '',
    inputs: Object.fromEntries([...inputs.values()].map(({ name, to }) => [name, { to }])),
    outputs: Object.fromEntries([...outputs.values()].map(({ name, from }) => [name, { from }])),
    nodes: Object.fromEntries(moved),
    links: inner,
    groups: [],
  };
  const rest = Object.fromEntries(Object.entries(nodes).filter(([node]) => !inside.has(node)));
  const instance: NodeInstance = { type: subgraphType(id), version: 1, values: {}, position: [mean(0), mean(1)] };
  const outerContent = {
    nodes: { ...rest, [use]: instance },
    links: outer,
    ...(scope !== null && { inputs: outerInputs, outputs: outerOutputs }),
  };
  const changed = withContent(graph, scope, outerContent);
  return { graph: { ...changed, subgraphs: { ...changed.subgraphs, [id]: subgraph } }, node: use };
}

/** Puts the nodes of a subgraph in the place of one use of it. The definition goes when nothing else uses it. */
export function unpackSubgraph(
  graph: Graph,
  scope: string | null,
  use: string,
): { readonly graph: Graph; readonly nodes: readonly string[] } {
  const content = contentAt(graph, scope);
  const instance = content.nodes[use]!;
  const { id, subgraph } = subgraphOf(graph, instance.type)!;
  const taken = new Set(Object.keys(content.nodes));
  const ids = new Map<string, string>();
  for (const inner of Object.keys(subgraph.nodes)) {
    const free = freeId(`subgraph/${inner}`, taken);
    taken.add(free);
    ids.set(inner, free);
  }
  const moved = ([node, port]: LinkEnd): LinkEnd => [ids.get(node) ?? node, port];
  const places = Object.values(subgraph.nodes).map(({ position }): readonly [number, number] => position ?? [0, 0]);
  const corner = [Math.min(...places.map(([x]) => x)), Math.min(...places.map(([, y]) => y))] as const;
  const nodes: Record<string, NodeInstance> = {};
  for (const [inner, node] of Object.entries(subgraph.nodes))
    nodes[ids.get(inner)!] = {
      ...node,
      values: { ...node.values },
      ...(instance.mode && { mode: instance.mode }),
      position: [
        (node.position?.[0] ?? 0) - corner[0] + (instance.position?.[0] ?? 0),
        (node.position?.[1] ?? 0) - corner[1] + (instance.position?.[1] ?? 0),
      ],
    };
  for (const [name, value] of Object.entries(instance.values))
    for (const [inner, port] of subgraph.inputs[name]?.to ?? []) {
      const node = nodes[ids.get(inner) ?? ''];
      if (node) node.values[port] = value;
    }
  const sources = ([node, port]: LinkEnd): LinkEnd[] =>
    node !== use ? [[node, port]] : subgraph.outputs[port] ? [moved(subgraph.outputs[port].from)] : [];
  const targets = ([node, port]: LinkEnd): LinkEnd[] => (node !== use ? [[node, port]] : (subgraph.inputs[port]?.to ?? []).map(moved));
  const links = [
    ...content.links.flatMap(({ from, to }) =>
      sources(from).flatMap((source) => targets(to).map((target) => ({ from: source, to: target }))),
    ),
    ...subgraph.links.map(({ from, to }) => ({ from: moved(from), to: moved(to) })),
  ];
  const boundary = boundaryAt(graph, scope);
  const inputs = mapRecord(boundary.inputs, (name, { to }) => [name, { to: to.flatMap(targets) }]);
  const outputs = mapRecord(boundary.outputs, (name, { from }) => {
    const [source] = sources(from);
    return source ? [name, { from: source }] : null;
  });
  const { [use]: _, ...others } = content.nodes;
  const changed = withoutLost(
    graph,
    withContent(graph, scope, { nodes: { ...others, ...nodes }, links, ...(scope !== null && { inputs, outputs }) }),
  );
  const unused = scopesOf(changed).every((each) => usersOf(contentAt(changed, each), id).size === 0);
  return { graph: unused ? withoutSubgraph(changed, id) : changed, nodes: [...ids.values()] };
}

function withoutSubgraph(graph: Graph, id: string): Graph {
  const { subgraphs: { [id]: _, ...others } = {}, ...rest } = graph;
  return Object.keys(others).length > 0 ? { ...rest, subgraphs: others } : rest;
}

/** Shows an inner port outside under a name that is free, or that of an input which then feeds both. */
export function exposePort(graph: Graph, id: string, side: Side, [node, port]: LinkEnd, name = port): Graph {
  const { inputs, outputs } = graph.subgraphs![id]!;
  if (side === 'inputs')
    return withContent(graph, id, { inputs: { ...inputs, [name]: { to: [...(inputs[name]?.to ?? []), [node, port]] } } });
  return withContent(graph, id, { outputs: { ...outputs, [freeName(name, new Set(Object.keys(outputs)))]: { from: [node, port] } } });
}
/** An inner port is no longer seen outside; links and values of uses go with it. */
export function hidePort(graph: Graph, id: string, side: Side, [node, port]: LinkEnd): Graph {
  const same = ([a, b]: LinkEnd) => a === node && b === port;
  const { inputs, outputs } = graph.subgraphs![id]!;
  const changed =
    side === 'inputs'
      ? { inputs: mapRecord(inputs, (name, { to }) => [name, { to: to.filter((end) => !same(end)) }]) }
      : { outputs: mapRecord(outputs, (name, { from }) => (same(from) ? null : [name, { from }])) };
  return withoutLost(graph, withContent(graph, id, changed));
}

/** A port under another name, which links and values of all uses follow. Null when the name is taken or cannot be one. */
export function renamePort(graph: Graph, id: string, side: Side, from: string, to: string): Graph | null {
  const ports = graph.subgraphs![id]![side];
  if (!/^[a-zA-Z]\w{0,63}$/.test(to) || Object.hasOwn(ports, to)) return null;
  const rename = (name: string): string => (name === from ? to : name);
  const renamed = withContent(graph, id, { [side]: mapRecord(ports as Record<string, unknown>, (name, value) => [rename(name), value]) });
  return rewriteUses(renamed, id, side, rename);
}

/** Changes the names by which all uses of a subgraph speak of its ports; null takes a link, a value or an outer port away. */
function rewriteUses(graph: Graph, id: string, side: Side, rename: (name: string) => string | null): Graph {
  let changed = graph;
  for (const scope of scopesOf(graph)) {
    const { nodes, links } = contentAt(changed, scope);
    const users = usersOf({ nodes }, id);
    if (users.size === 0) continue;
    const end = ([node, port]: LinkEnd): LinkEnd | null => {
      const name = users.has(node) ? rename(port) : port;
      return name === null ? null : [node, name];
    };
    const linkEnd = side === 'inputs' ? 'to' : 'from';
    const newNodes = mapRecord(nodes, (name, node) => {
      if (!users.has(name)) return [name, node];
      const { repeat, ...rest } = node;
      const values =
        side === 'inputs' ? mapRecord(node.values, (port, value) => (rename(port) === null ? null : [rename(port)!, value])) : node.values;
      const carry = mapRecord(repeat?.carry ?? {}, (output, input) => {
        const [out, into] = side === 'outputs' ? [rename(output), input] : [output, rename(input)];
        return out === null || into === null ? null : [out, into];
      });
      return [name, { ...rest, values, ...(repeat && { repeat: { ...repeat, carry } }) }];
    });
    const newLinks = links.flatMap((link) => {
      const renamed = end(link[linkEnd]);
      return renamed ? [{ ...link, [linkEnd]: renamed }] : [];
    });
    const { inputs, outputs } = boundaryAt(changed, scope);
    const newBoundary: Boundary = {
      inputs: side === 'inputs' ? mapRecord(inputs, (name, { to }) => [name, { to: to.map(end).filter((each) => each !== null) }]) : inputs,
      outputs: side === 'outputs' ? mapRecord(outputs, (name, { from }) => (end(from) ? [name, { from: end(from)! }] : null)) : outputs,
    };
    changed = withContent(changed, scope, { nodes: newNodes, links: newLinks, ...(scope !== null && newBoundary) });
  }
  return changed;
}

/** After an edit: ports whose last inner port went are gone, and so is what uses said of them. What was wrong before stays, for validation to tell. */
export function withoutLost(before: Graph, after: Graph): Graph {
  let graph = after;
  for (let again = true; again;) {
    again = false;
    for (const id of Object.keys(graph.subgraphs ?? {})) {
      const subgraph = graph.subgraphs![id]!;
      const old = before.subgraphs?.[id];
      if (!old) continue;
      const gone = ([node]: LinkEnd) => nodeAt(old, node) !== undefined && nodeAt(subgraph, node) === undefined;
      const inputs = mapRecord(subgraph.inputs, (name, { to }) => {
        const kept = to.filter((end) => !gone(end));
        return kept.length > 0 ? [name, { to: kept }] : null;
      });
      const outputs = mapRecord(subgraph.outputs, (name, { from }) => (gone(from) ? null : [name, { from }]));
      graph = withContent(graph, id, { inputs, outputs });
      for (const side of ['inputs', 'outputs'] as const) {
        const lost = Object.keys(old[side]).filter((name) => !Object.hasOwn(graph.subgraphs![id]![side], name));
        const said = JSON.stringify(graph);
        if (lost.length > 0) graph = rewriteUses(graph, id, side, (name) => (lost.includes(name) ? null : name));
        again ||= lost.length > 0 && JSON.stringify(graph) !== said;
      }
    }
  }
  return graph;
}

/** The definitions that nodes need, directly and inside others. */
export function neededSubgraphs(graph: Graph, nodes: Graph['nodes']): NonNullable<Graph['subgraphs']> {
  const needed = new Map<string, Subgraph>();
  const take = (content: Graph['nodes']) => {
    for (const { type } of Object.values(content)) {
      const found = subgraphOf(graph, type);
      if (!found || needed.has(found.id)) continue;
      needed.set(found.id, found.subgraph);
      take(found.subgraph.nodes);
    }
  };
  take(nodes);
  return Object.fromEntries(needed);
}

/** Brings the definitions of a copied piece into a document; one whose id means something else here gets a new id. Gives the piece with its types as they are here. */
export function importSubgraphs(graph: Graph, piece: Graph): { readonly graph: Graph; readonly piece: Graph } {
  const own = graph.subgraphs ?? {};
  const ids = new Map<string, string>();
  const taken = new Set(Object.keys(own));
  for (const [id, subgraph] of Object.entries(piece.subgraphs ?? {})) {
    const same = Object.hasOwn(own, id) && JSON.stringify(own[id]) === JSON.stringify(subgraph);
    const here = same || !taken.has(id) ? id : freeId(subgraphType(id), taken);
    taken.add(here);
    ids.set(id, here);
  }
  const retyped = (nodes: Graph['nodes']) =>
    mapRecord(nodes, (name, node) => {
      const here = isSubgraphType(node.type) ? ids.get(node.type.slice('subgraph/'.length)) : undefined;
      return [name, here === undefined ? node : { ...node, type: subgraphType(here) }];
    });
  const added = mapRecord(piece.subgraphs ?? {}, (id, subgraph) =>
    Object.hasOwn(own, ids.get(id)!) ? null : [ids.get(id)!, { ...subgraph, nodes: retyped(subgraph.nodes) }],
  );
  const subgraphs = { ...own, ...added };
  return {
    graph: Object.keys(subgraphs).length > 0 ? { ...graph, subgraphs } : graph,
    piece: { ...piece, nodes: retyped(piece.nodes) },
  };
}
