// The graph document to litegraph and back, without loss: unknown node types, undeclared ports and links that cannot be drawn are kept.
import {
  definitionsOf,
  describeNode,
  nodeInside,
  subgraphType,
  withSubgraphs,
  type Graph,
  type Link,
  type NodeDescription,
  type NodeInstance,
} from '@facewright/core';
import { LGraphGroup, type LGraph } from 'litegraph.js';
import { arrange, makeRoom } from './arrange.ts';
import { GraphNode, type NodeHooks } from './graph-node.ts';
import { theme } from './theme.ts';

export type Catalogue = ReadonlyMap<string, NodeDescription>;
type Group = Graph['groups'][number];

/** What a document says besides nodes and drawn links. */
export interface Remainder {
  readonly name: string;
  readonly description: string;
  /** Links that litegraph cannot draw: to absent nodes, or a second one into the same input. Validation reports them. */
  readonly undrawn: readonly Link[];
}
const groups = new WeakMap<LGraphGroup, Group>();

export const graphNodes = (graph: LGraph): GraphNode[] => graph.nodes.filter((node) => node instanceof GraphNode);

const known = new WeakMap<Graph, { readonly installed: Catalogue; readonly types: Catalogue }>();
/** The installed node types and the subgraphs of a document. */
export function typesOf(document: Graph, installed: Catalogue): Catalogue {
  if (!document.subgraphs) return installed;
  const before = known.get(document);
  if (before?.installed === installed) return before.types;
  const definitions = withSubgraphs(document, definitionsOf(installed.values()));
  const own = Object.keys(document.subgraphs).flatMap((id) => definitions.get(subgraphType(id)) ?? []);
  const types = new Map([...installed, ...own.map(({ definition }) => [definition.type as string, describeNode(definition)] as const)]);
  known.set(document, { installed, types });
  return types;
}

/** The titles on the way to a node, with the round of a repeated subgraph: "Refine 2 › Sampler". */
export function titleOnWay(document: Graph, installed: Catalogue, way: string): string {
  const steps = way.split(':');
  return steps
    .map((step, i) => {
      const node = nodeInside(document, steps.slice(0, i + 1).join(':'));
      const round = /#(\d+)$/.exec(step)?.[1];
      return `${node?.title ?? typesOf(document, installed).get(node?.type ?? '')?.title ?? step}${round === undefined ? '' : ` ${round}`}`;
    })
    .join(' › ');
}

/** Fills an empty litegraph graph. Nodes without a position are laid out. */
export function writeToCanvas(document: Graph, graph: LGraph, catalogue: Catalogue, hooks: NodeHooks): Remainder {
  const nodes = new Map<string, GraphNode>();
  for (const [id, instance] of Object.entries(document.nodes)) {
    const node = new GraphNode(id, instance, catalogue.get(instance.type), hooks);
    if (instance.position) node.pos = [...instance.position];
    graph.add(node, true);
    nodes.set(id, node);
  }
  const undrawn = document.links.filter(({ from, to }) => {
    const source = nodes.get(from[0]);
    const target = nodes.get(to[0]);
    return !(source && target && source.connectAsSaved(from[1], target, to[1]));
  });
  for (const group of document.groups) graph.add(drawnGroup(group));
  for (const node of nodes.values()) node.fitContent();
  if (Object.values(document.nodes).some(({ position }) => !position)) arrangeNodes(graph);
  return { name: document.name, description: document.description, undrawn };
}

function drawnGroup(group: Group): LGraphGroup {
  const drawn = new LGraphGroup(group.title);
  // Past the setters: they would enlarge a small group.
  drawn._bounding.set([...group.position, ...group.size]);
  if (group.color) drawn.color = group.color;
  groups.set(drawn, group);
  return drawn;
}

const same = (a: ArrayLike<number>, b: readonly number[] | undefined): boolean =>
  b !== undefined && Array.from(a).every((v, i) => v === Math.fround(b[i] ?? NaN));
/** litegraph keeps coordinates in 32 bits: a saved one that did not move stays as it was. */
const place = (now: ArrayLike<number>, saved: readonly [number, number] | undefined): [number, number] =>
  same(now, saved) && saved ? [...saved] : [Math.round((now[0] ?? 0) * 10) / 10, Math.round((now[1] ?? 0) * 10) / 10];

function readNode(node: GraphNode): NodeInstance {
  const { title: _, size: __, mode: ___, repeat: ____, position: _____, ...kept } = node.instance;
  // Keys in one order, wherever the node comes from: undo tells documents apart by their text.
  return {
    ...kept,
    ...(node.customTitle !== undefined && { title: node.customTitle }),
    // A copy: what was read, such as a step of the history, does not change with the canvas.
    values: { ...node.values },
    ...(node.studioMode && { mode: node.studioMode }),
    ...(node.repeat && { repeat: node.repeat }),
    position: place(node.pos, node.instance.position),
    ...(node.userSize && { size: place(node.userSize, node.instance.size) }),
  };
}

function readGroup(drawn: LGraphGroup): Group {
  const saved = groups.get(drawn);
  return {
    title: drawn.title,
    position: place(drawn.pos, saved?.position),
    size: place(drawn.size, saved?.size),
    ...((saved?.color ?? drawn.color) !== undefined && { color: saved?.color ?? drawn.color }),
    ...(saved && saved.color === undefined && { color: undefined }),
  };
}

/** The document of what is on the canvas. */
export function readFromCanvas(graph: LGraph, { name, description, undrawn }: Remainder): Graph {
  const nodes = graphNodes(graph);
  const present = new Set(nodes.map(({ id }) => String(id)));
  const known = new Map(nodes.map((node) => [node.id, node]));
  const drawn: Link[] = [...graph._links.values()].flatMap((link) => {
    const source = known.get(link.origin_id);
    const target = known.get(link.target_id);
    const output = source?.outputs[link.origin_slot];
    const input = target?.inputs[link.target_slot];
    return source && target && output && input ? [{ from: [String(source.id), output.name], to: [String(target.id), input.name] }] : [];
  });
  const kept = undrawn.filter(({ from, to }) => present.has(from[0]) || present.has(to[0]));
  return {
    facewright: 1,
    name,
    description,
    nodes: Object.fromEntries(nodes.map((node) => [String(node.id), readNode(node)])),
    links: [...drawn, ...kept],
    groups: graph.groups.map(readGroup).map(({ color, ...group }) => ({ ...group, ...(color !== undefined && { color }) })),
  };
}

const boxOf = ({ id, size }: GraphNode) => ({ id: String(id), width: size[0] ?? 0, height: size[1] ?? 0 });

/** Lays all nodes out from left to right. */
export function arrangeNodes(graph: LGraph): void {
  const nodes = graphNodes(graph);
  const links = [...graph._links.values()].map((link) => [String(link.origin_id), String(link.target_id)] as const);
  for (const [id, position] of arrange(nodes.map(boxOf), links, theme.titleHeight)) {
    const node = nodes.find((known) => String(known.id) === id);
    if (node) node.pos = [...position];
  }
}

/** Moves nodes that lie on others down, as those of saved graphs do whose nodes have more ports by now; frames grow with what stands in them. */
export function spreadNodes(graph: LGraph): void {
  const nodes = graphNodes(graph);
  const inside = new Map(graph.groups.map((group) => [group, nodes.filter((node) => stands(node, group))]));
  const moved = makeRoom(
    nodes.map((node) => ({ ...boxOf(node), place: [node.pos[0] ?? 0, node.pos[1] ?? 0] })),
    theme.titleHeight,
  );
  for (const node of nodes) {
    const place = moved.get(String(node.id));
    if (place) node.pos = [...place];
  }
  for (const [group, members] of inside) {
    const bottom = Math.max(...members.map(({ pos, size }) => (pos[1] ?? 0) + (size[1] ?? 0) + framePadding));
    if (bottom > group.pos[1] + group.size[1]) group._bounding.set([...group.pos, group.size[0], bottom - group.pos[1]]);
  }
}
const framePadding = 20;
/** A node stands in the frame that its left top corner is in. */
const stands = ({ pos: [x = 0, y = 0] }: GraphNode, { pos, size }: LGraphGroup): boolean =>
  x >= pos[0] && x < pos[0] + size[0] && y >= pos[1] && y < pos[1] + size[1];

/** `sampler`, `sampler-2`, …: a name for a new node that the document does not use yet. */
export function freeId(type: string, taken: ReadonlySet<string>): string {
  const base = type.slice(type.indexOf('/') + 1).replace(/[^\w-]/g, '-') || 'node';
  for (let i = 1; ; i++) {
    const id = i === 1 ? base : `${base}-${i}`;
    if (!taken.has(id)) return id;
  }
}
