// Muted and bypassed nodes taken out of a flat graph.
import { canConnect } from './can-connect.ts';
import type { Definitions } from './catalogue.ts';
import { err, toProblem } from './errors.ts';
import type { Graph, Link, LinkEnd, NodeInstance, Problem } from './graph.ts';
import { linksInto, nodeAt } from './needed-nodes.ts';
import type { Port } from './port.ts';
import { valueOf } from './subgraph-ports.ts';

/** What an output gives once modes are applied. */
type Feed =
  | { readonly link: LinkEnd }
  | { readonly value: unknown }
  /** Nothing, because of a muted node, or of a bypassed one whose inputs do not fit. */
  | { readonly muted: string }
  | { readonly nothing: LinkEnd };

export interface WithoutModes {
  readonly graph: Graph;
  readonly problems: readonly Problem[];
  /** Nodes that are muted, or cannot do without what a muted node would give, with that muted node. */
  readonly skipped: ReadonlyMap<string, string>;
}

/**
 * A muted node gives nothing: an input that can do without is as if it had no link, any other takes its node out as well, and so on. A bypassed node passes on: each output
 * gives what the first of its inputs gets whose type fits, the one of the same name before others, linked ones before typed ones; with none, an input that needs it is a problem.
 * Linear in the size of the graph.
 */
export function applyModes(graph: Graph, definitions: Definitions): WithoutModes {
  const skipped = new Map<string, string>();
  const problems: Problem[] = [];
  if (Object.values(graph.nodes).every(({ mode }) => mode === undefined)) return { graph, problems, skipped };
  const into = linksInto(graph);
  const portOf = (id: string, side: 'inputs' | 'outputs', name: string): Port<unknown> | undefined => {
    const ports = definitions.get(nodeAt(graph, id)?.type ?? '')?.definition[side];
    return ports && Object.hasOwn(ports, name) ? ports[name] : undefined;
  };

  const nodes = new Map(Object.entries(graph.nodes).filter(([, { mode }]) => mode === undefined));
  const own = new Set<string>();
  const setValue = ([id, port]: LinkEnd, value: unknown) => {
    const node = nodes.get(id);
    if (!node) return;
    const copy: NodeInstance = own.has(id) ? node : { ...node, values: { ...node.values } };
    own.add(id);
    copy.values[port] = value;
    nodes.set(id, copy);
  };

  /** What passes through a bypassed node to an output. */
  const through = ([id, name]: LinkEnd): Feed => {
    const output = portOf(id, 'outputs', name);
    const inputs = Object.entries(definitions.get(nodeAt(graph, id)!.type)?.definition.inputs ?? {})
      .filter(([, { type }]) => output !== undefined && canConnect(type, output.type) === true)
      .sort(([a], [b]) => Number(b === name) - Number(a === name));
    for (const [input] of inputs) {
      const link = into.get(id)?.find(({ to }) => to[1] === input);
      if (link) return { link: link.from };
    }
    for (const [input, port] of inputs) {
      const value = valueOf(graph, [id, input]) ?? port.default;
      if (value !== undefined) return { value };
    }
    return { nothing: [id, name] };
  };
  const feeds = new Map<string, Feed>();
  /** Follows bypassed nodes upstream; each is gone through once. */
  const feedOf = (from: LinkEnd): Feed => {
    const way = new Set<string>();
    let feed: Feed = { link: from };
    while ('link' in feed) {
      const [id]: LinkEnd = feed.link;
      const mode = nodeAt(graph, id)?.mode;
      if (mode === 'muted') feed = { muted: id };
      if (mode !== 'bypassed' || !('link' in feed)) break;
      const key: string = feed.link.join(' ');
      const known = feeds.get(key);
      // Bypassed nodes that only feed each other give nothing.
      feed = known ?? (way.has(key) ? { nothing: feed.link } : through(feed.link));
      way.add(key);
      if (known) break;
    }
    for (const key of way) feeds.set(key, feed);
    return feed;
  };

  const links: Link[] = [];
  const out = new Map<string, Link[]>();
  const lacking: [LinkEnd, Feed][] = [];
  for (const link of graph.links) {
    if (nodeAt(graph, link.to[0])?.mode !== undefined) continue;
    const feed = feedOf(link.from);
    if ('value' in feed) setValue(link.to, feed.value);
    else if (!('link' in feed)) lacking.push([link.to, feed]);
    else {
      const kept = feed.link === link.from ? link : { from: feed.link, to: link.to };
      links.push(kept);
      const list = out.get(feed.link[0]);
      if (list) list.push(kept);
      else out.set(feed.link[0], [kept]);
    }
  }
  // The list grows while it is walked: what is skipped leaves others lacking.
  for (const [to, feed] of lacking) {
    const [id, name] = to;
    const port = portOf(id, 'inputs', name);
    if (skipped.has(id) || !port || port.optional || port.default !== undefined || valueOf(graph, to) !== undefined) continue;
    if ('nothing' in feed)
      problems.push(
        toProblem(err.BYPASSED(...feed.nothing).at(`node ${id} (${nodeAt(graph, id)!.type})`, `input ${name}`), { node: id, port: name }),
      );
    else if ('muted' in feed) {
      skipped.set(id, feed.muted);
      for (const link of out.get(id) ?? []) lacking.push([link.to, feed]);
    }
  }
  const gone = (id: string) => skipped.has(id);
  const rest = links.filter(({ from, to }) => !gone(from[0]) && !gone(to[0]));
  for (const id of skipped.keys()) nodes.delete(id);
  for (const [id, { mode }] of Object.entries(graph.nodes)) if (mode === 'muted') skipped.set(id, id);
  return { graph: { ...graph, nodes: Object.fromEntries(nodes), links: rest }, problems, skipped };
}
