// Subgraphs written out: each use of one becomes its nodes, named after the way to them, and each round of a repeated one.
import { err, toProblem } from './errors.ts';
import type { Graph, GraphContent, Link, LinkEnd, NodeInstance, Problem, Subgraph } from './graph.ts';
import { nearest } from './nearest.ts';
import { nodeAt } from './needed-nodes.ts';
import { SUBGRAPH_DEPTH, subgraphOf } from './subgraph-ports.ts';

/** What a document may become when it is written out. Linear work for each node, so this bounds the time that a hostile file can take. */
const MOST = { nodes: 50_000, links: 200_000, letters: 50_000_000 } as const;

export interface Expanded {
  /** Without uses of subgraphs, except muted and bypassed ones, which are single nodes still. */
  readonly graph: Graph;
  readonly problems: readonly Problem[];
  /** By the way to a use of a subgraph, `outer:inner`: the nodes that its outputs come from. */
  readonly uses: ReadonlyMap<string, readonly string[]>;
  /** The definitions that are in use. */
  readonly used: ReadonlySet<string>;
}

/** How much a definition becomes, with all that is in it; capped, so that products stay numbers. */
interface Measure {
  readonly nodes: number;
  readonly links: number;
  /** Of the JSON, and of what the ids grow by. */
  readonly letters: number;
  readonly height: number;
  /** By input: how many inner inputs it feeds. */
  readonly ends: ReadonlyMap<string, number>;
}
const CAP = 1e12;
/** Every use of a wrong definition is wrong; nobody reads more, and names of ports beyond these are not looked through. */
const LISTED = { problems: 1000, ports: 200 } as const;

/** The subgraph that a node is written out to; none for muted and bypassed ones. */
const bodyOf = (graph: Graph, node: NodeInstance | undefined) =>
  node && node.mode === undefined ? subgraphOf(graph, node.type) : undefined;

/** What is wrong with how subgraphs contain each other, or that they would become too much; looks at each definition once. */
function measure(graph: Graph): readonly Problem[] {
  const measured = new Map<string, Measure>();
  const problems = new Map<string, Problem>();
  const say = (problem: Problem) => problems.set(problem.message, problem);

  const sum = (content: GraphContent, path: readonly string[]) => {
    let [nodes, links, letters, height] = [0, 0, 0, 0];
    const parts = new Map<string, { readonly size: Measure; readonly times: number }>();
    const endsAt = ([node, port]: LinkEnd) => {
      const part = parts.get(node);
      return part ? part.times * (part.size.ends.get(port) ?? 1) : 1;
    };
    for (const [id, node] of Object.entries(content.nodes)) {
      const body = bodyOf(graph, node);
      const size = body && visit(body.id, body.subgraph, path);
      if (!size) {
        nodes++;
        continue;
      }
      const times = node.repeat?.times ?? 1;
      parts.set(id, { size, times });
      nodes += times * size.nodes;
      letters += times * (size.letters + size.nodes * (id.length + 8));
      height = Math.max(height, size.height);
      links += times * size.links;
      for (const name of [...Object.keys(node.values), ...Object.values(node.repeat?.carry ?? {})]) links += endsAt([id, name]);
    }
    for (const { to } of content.links) links += endsAt(to);
    return { nodes, links, letters, height, endsAt };
  };
  const visit = (id: string, subgraph: Subgraph, path: readonly string[]): Measure | undefined => {
    if (path.includes(id)) {
      say(toProblem(err.RECURSION([...path.slice(path.indexOf(id)), id]), { subgraph: id }));
      return undefined;
    }
    const known = measured.get(id);
    if (path.length + (known?.height ?? 1) > SUBGRAPH_DEPTH) {
      say(toProblem(err.TOO_DEEP(SUBGRAPH_DEPTH, [...path, id])));
      return undefined;
    }
    if (known) return known;
    const { endsAt, ...size } = sum(subgraph, [...path, id]);
    const capped = (count: number) => Math.min(count, CAP);
    const result: Measure = {
      nodes: capped(size.nodes),
      links: capped(size.links),
      letters: capped(size.letters + lettersOf(subgraph)),
      height: size.height + 1,
      ends: new Map(Object.entries(subgraph.inputs).map(([name, { to }]) => [name, capped(to.reduce((all, end) => all + endsAt(end), 0))])),
    };
    measured.set(id, result);
    return result;
  };
  const whole = sum(graph, []);
  if (problems.size === 0)
    for (const [what, most] of Object.entries(MOST)) {
      const got = whole[what as keyof typeof MOST];
      const words = (count: number) => (what === 'letters' ? `${Math.ceil(count / 1e6)} MB of text` : `${count} ${what}`);
      if (measured.size > 0 && got > most) say(toProblem(err.TOO_LARGE(words(most), got < CAP ? words(got) : 'far more')));
    }
  return [...problems.values()];
}

function lettersOf(subgraph: Subgraph): number {
  try {
    return JSON.stringify(subgraph).length;
  } catch {
    // A value that is nested deeper than the stack.
    return CAP;
  }
}

/** Null with its problems when subgraphs contain themselves or would become too much. Linear in what comes out. */
export function expandSubgraphs(graph: Graph): Expanded | { readonly graph: null; readonly problems: readonly Problem[] } {
  const uses = new Map<string, string[]>();
  const used = new Set<string>();
  if (!graph.subgraphs) return { graph, problems: [], uses, used };
  const unsound = measure(graph);
  if (unsound.length > 0) return { graph: null, problems: unsound };

  const nodes: Record<string, NodeInstance> = {};
  const links: Link[] = [];
  const problems = new Map<string, Problem>();
  const say = (problem: Problem) => {
    if (problems.size < LISTED.problems) problems.set(problem.message, problem);
  };
  const unknownPort = (at: string, { type }: NodeInstance, side: 'input' | 'output', ports: object, port: string) => {
    const known = Object.keys(ports).slice(0, LISTED.ports);
    if (problems.size < LISTED.problems)
      say(toProblem(err.UNKNOWN_PORT(side, known, port, nearest(port, known)).at(`node ${at} (${type})`), { node: at, port }));
  };

  const round = (at: string, { repeat }: NodeInstance, number = repeat?.times ?? 1): string => (repeat ? `${at}#${number}:` : `${at}:`);
  const roundsOf = (at: string, node: NodeInstance): readonly string[] =>
    Array.from({ length: node.repeat?.times ?? 1 }, (_, i) => round(at, node, i + 1));
  const carriedInputs = new Map<NodeInstance, ReadonlySet<string>>();
  const isCarried = (node: NodeInstance, port: string): boolean => {
    if (!node.repeat) return false;
    const known = carriedInputs.get(node) ?? new Set(Object.values(node.repeat.carry));
    carriedInputs.set(node, known);
    return known.has(port);
  };
  /** Where a value really comes from. */
  const sourceOf = (content: GraphContent, prefix: string, [id, port]: LinkEnd): LinkEnd | undefined => {
    const node = nodeAt(content, id);
    const body = bodyOf(graph, node)?.subgraph;
    if (!node || !body) return [prefix + id, port];
    if (!Object.hasOwn(body.outputs, port)) {
      unknownPort(prefix + id, node, 'output', body.outputs, port);
      return undefined;
    }
    return sourceInside(body, round(prefix + id, node), port);
  };
  const sourceInside = (body: Subgraph, prefix: string, port: string): LinkEnd | undefined => {
    const { from } = body.outputs[port]!;
    return nodeAt(body, from[0]) && sourceOf(body, prefix, from);
  };
  /** The inner inputs that an input of a body feeds. */
  const endsInside = (body: Subgraph, prefix: string, port: string): LinkEnd[] =>
    body.inputs[port]!.to.filter(([id]) => nodeAt(body, id)).flatMap((end) => endsOf(body, prefix, end));
  /** Where a value really goes to. */
  const endsOf = (content: GraphContent, prefix: string, [id, port]: LinkEnd): LinkEnd[] => {
    const node = nodeAt(content, id);
    const body = bodyOf(graph, node)?.subgraph;
    if (!node || !body) return [[prefix + id, port]];
    if (!Object.hasOwn(body.inputs, port)) {
      unknownPort(prefix + id, node, 'input', body.inputs, port);
      return [];
    }
    const rounds = isCarried(node, port) ? [round(prefix + id, node, 1)] : roundsOf(prefix + id, node);
    return rounds.flatMap((one) => endsInside(body, one, port));
  };
  /** Joins each round to the one before. */
  const carry = (at: string, node: NodeInstance, body: Subgraph, rounds: readonly string[]) => {
    const { carry = {} } = node.repeat ?? {};
    for (const [input, outputs = []] of Object.entries(Object.groupBy(Object.keys(carry), (output) => carry[output]!))) {
      const output = outputs[0]!;
      if (outputs.length > 1) say(toProblem(err.CARRIED_TWICE(input, outputs).at(`node ${at} (${node.type})`), { node: at, port: input }));
      else if (!Object.hasOwn(body.outputs, output)) unknownPort(at, node, 'output', body.outputs, output);
      else if (!Object.hasOwn(body.inputs, input)) unknownPort(at, node, 'input', body.inputs, input);
      else
        for (const [i, next] of rounds.slice(1).entries()) {
          const from = sourceInside(body, rounds[i]!, output);
          if (from) for (const to of endsInside(body, next, input)) links.push({ from, to });
        }
    }
  };
  const write = (content: GraphContent, prefix: string) => {
    for (const [id, node] of Object.entries(content.nodes)) {
      const at = prefix + id;
      const { id: name, subgraph: body } = bodyOf(graph, node) ?? {};
      if (name === undefined || !body) {
        nodes[at] = prefix === '' ? node : { ...node, values: { ...node.values } };
        continue;
      }
      used.add(name);
      const rounds = roundsOf(at, node);
      for (const one of rounds) write(body, one);
      const sources = Object.keys(body.outputs).map((port) => sourceInside(body, round(at, node), port)?.[0]);
      uses.set(at, [...new Set(sources.filter((source) => source !== undefined))]);
      for (const [port, value] of Object.entries(node.values))
        for (const [inner, input] of endsOf(content, prefix, [id, port])) nodes[inner]!.values[input] = value;
      carry(at, node, body, rounds);
    }
    for (const { from, to } of content.links) {
      const source = sourceOf(content, prefix, from);
      if (source) for (const end of endsOf(content, prefix, to)) links.push({ from: source, to: end });
    }
  };
  write(graph, '');
  return { graph: { ...graph, nodes, links }, problems: [...problems.values()], uses, used };
}
