// Everything that is wrong with a graph, at once, before anything runs.
import { CodedError } from '@facewright/tensor';
import { canConnect } from './can-connect.ts';
import type { Definitions } from './catalogue.ts';
import { err, toProblem } from './errors.ts';
import type { Graph, Link, NodeInstance, Problem } from './graph.ts';
import { lowerGraph, targetsIn } from './lower-graph.ts';
import { migrateGraph } from './migrate-graph.ts';
import { createNearest, type nearest } from './nearest.ts';
import { defaultTargets, linksInto, neededNodes, nodeAt } from './needed-nodes.ts';
import type { AnyPorts, NodeDefinition } from './node.ts';
import { portTypes, type PortTypes } from './port-types.ts';
import { describeType, type Port } from './port.ts';
import { isSubgraphType, subgraphType } from './subgraph-ports.ts';

export interface ValidateOptions {
  /** Checks only what these nodes need; without it every node of the graph. */
  readonly targets?: readonly string[];
}

const portAt = (ports: AnyPorts, name: string): Port<unknown> | undefined => (Object.hasOwn(ports, name) ? ports[name] : undefined);
/** Nobody reads more, and a hostile document may have any number. */
const MOST_PROBLEMS = 1000;

/** What the checks of one document have in common. */
interface Check {
  readonly graph: Graph;
  readonly catalogue: Definitions;
  readonly types: PortTypes;
  readonly suggest: typeof nearest;
}
const unknownPort = ({ suggest }: Check, side: 'input' | 'output', ports: AnyPorts, name: string) =>
  err.UNKNOWN_PORT(side, Object.keys(ports), name, suggest(name, Object.keys(ports)));

/**
 * Unknown node types and ports, wrong values, missing inputs, links that do not fit, several links into one input, cycles, nothing to give out: all of
 * them, in the order of the nodes, up to a thousand. Works on definitions made from descriptions too, so the editor says what the server would.
 */
export function validateGraph(graph: Graph, catalogue: Definitions, { targets }: ValidateOptions = {}): Problem[] {
  const into = linksInto(graph);
  const types = portTypes(graph, catalogue, into);
  const checked = targets === undefined ? new Set(Object.keys(graph.nodes)) : neededNodes(graph, targets, into);
  const check: Check = { graph, catalogue, types, suggest: createNearest() };
  const problems = (targets ?? [])
    .filter((id) => !nodeAt(graph, id))
    .slice(0, MOST_PROBLEMS)
    .map((id) => toProblem(err.UNKNOWN_NODE(id, check.suggest(id, Object.keys(graph.nodes))).at('target'), { node: id }));
  if (targets?.length === 0) problems.push(toProblem(err.NO_TARGETS()));
  const isFull = (): boolean => problems.length >= MOST_PROBLEMS;
  for (const id of checked) {
    if (isFull()) break;
    problems.push(...checkNode(check, id, nodeAt(graph, id)!, into.get(id) ?? []));
  }
  for (const [id, links] of into) {
    if (isFull()) break;
    if (targets === undefined && !nodeAt(graph, id)) problems.push(...links.slice(0, MOST_PROBLEMS).map((link) => toNowhere(check, link)));
  }
  for (const cycle of findCycles(checked, into)) problems.push(toProblem(err.CYCLE(cycle), { node: cycle[0]! }));
  if (targets === undefined && defaultTargets(graph, catalogue).length === 0)
    problems.push(toProblem(err.NO_OUTPUT(simplestOutput(catalogue))));
  return problems;
}

export interface PreparedGraph {
  /** Flat: without subgraphs and modes, its nodes up to date. */
  readonly graph: Graph;
  /** The nodes of the flat graph whose results are wanted. */
  readonly targets: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * The gate before a run: migrates, lowers, then validates what the run needs (the targets, which may be uses of subgraphs, or all output nodes). A half-built node that feeds no output
 * does not stop a run; a node of unknown type does, because it may be an output.
 */
export function prepareGraph(saved: Graph, catalogue: Definitions, { targets }: ValidateOptions = {}): PreparedGraph {
  const migrated = migrateGraph(saved, catalogue);
  const lowered = lowerGraph(migrated.graph, catalogue);
  if (!lowered.graph) return { graph: migrated.graph, targets: [], problems: [...migrated.problems, ...lowered.problems] };
  const { graph, skipped, used, uses } = lowered;
  const meant = targets && targetsIn(lowered, targets, catalogue);
  const wanted = meant?.targets ?? defaultTargets(graph, catalogue);
  const needed = neededNodes(graph, wanted);
  const concerns = ({ subgraph, node }: Problem) =>
    subgraph === undefined ? node === undefined || needed.has(node) || uses.has(node) : used.has(subgraph);
  const problems = [...migrated.problems.filter(concerns), ...lowered.problems.filter(concerns), ...(meant?.problems ?? [])];
  const [muted] = skipped.values();
  if (targets === undefined && wanted.length === 0 && muted !== undefined) problems.push(toProblem(err.ALL_SKIPPED(muted)));
  else if (wanted.length > 0 || targets?.length === 0) problems.push(...validateGraph(graph, catalogue, { targets: wanted }));
  else if (targets === undefined) problems.push(...validateGraph(graph, catalogue));
  return { graph, targets: wanted, problems: toldOnce(problems) };
}

/** Everything that is wrong with a document, whether a run needs it or not; muted and bypassed nodes and unused subgraphs may be half built. */
export function validateDocument(saved: Graph, catalogue: Definitions): readonly Problem[] {
  const migrated = migrateGraph(saved, catalogue);
  const lowered = lowerGraph(migrated.graph, catalogue);
  if (!lowered.graph) return [...migrated.problems, ...lowered.problems];
  const [muted] = lowered.skipped.values();
  const wrong = validateGraph(lowered.graph, catalogue);
  return toldOnce([
    ...migrated.problems.filter(({ subgraph }) => subgraph === undefined || lowered.used.has(subgraph)),
    ...lowered.problems,
    ...wrong.map((problem) => (problem.code === codes.noOutput && muted !== undefined ? toProblem(err.ALL_SKIPPED(muted)) : problem)),
  ]);
}
const codes = {
  noOutput: err.NO_OUTPUT(undefined).code,
  missing: err.MISSING_INPUT('').code,
  bypassed: err.BYPASSED('', '').code,
} as const;

/** What is wrong with a repeated subgraph is wrong in each round, and an input that a bypassed node leaves empty is also a missing one: each is told once, as first said. */
function toldOnce(problems: readonly Problem[]): readonly Problem[] {
  const first = new Map<string, Problem>();
  const placed = ({ node, port }: Problem) => `${node} ${port}`;
  const bypassed = new Set(problems.filter(({ code }) => code === codes.bypassed).map(placed));
  for (const problem of problems) {
    if (problem.code === codes.missing && bypassed.has(placed(problem))) continue;
    const about = problem.node?.includes('#') ? problem.message.replaceAll(/#\d+:/g, ':') : problem.message;
    if (!first.has(about)) first.set(about, problem);
  }
  return [...first.values()];
}

function checkNode(about: Check, id: string, node: NodeInstance, links: readonly Link[]): Problem[] {
  const { graph, catalogue, suggest } = about;
  const problems: Problem[] = [];
  const say = (error: CodedError, port?: string) =>
    problems.push(
      toProblem(error.at(`node ${id} (${node.type})`, ...(port === undefined ? [] : [`input ${port}`])), {
        node: id,
        ...(port !== undefined && { port }),
      }),
    );
  const definition = catalogue.get(node.type)?.definition;
  if (!definition) {
    const known = Object.keys(graph.subgraphs ?? {}).slice(0, 200);
    say(
      isSubgraphType(node.type)
        ? err.UNKNOWN_SUBGRAPH(known, node.type, suggest(node.type, known.map(subgraphType)))
        : err.UNKNOWN_NODE_TYPE(node.type, suggest(node.type, catalogue.keys())),
    );
    return problems;
  }
  if (node.repeat) say(err.NOT_REPEATABLE(node.type));
  const { inputs } = definition;
  const sources = new Map<string, Link[]>();
  for (const link of links) {
    const feeding = sources.get(link.to[1]);
    if (feeding) feeding.push(link);
    else sources.set(link.to[1], [link]);
  }
  const isFull = (): boolean => problems.length >= MOST_PROBLEMS;

  for (const [name, value] of Object.entries(node.values)) {
    if (isFull()) break;
    const port = portAt(inputs, name);
    if (!port) say(unknownPort(about, 'input', inputs, name), name);
    else if (value !== undefined && !sources.has(name)) attempt(port, value, (error) => say(error, name));
  }
  for (const [name, feeding] of sources) {
    if (isFull()) break;
    const port = portAt(inputs, name);
    if (!port) say(unknownPort(about, 'input', inputs, name), name);
    if (feeding.length > 1) say(err.TWO_LINKS(feeding.map(({ from }) => from.join('.'))), name);
    for (const link of feeding) {
      if (isFull()) break;
      const error = checkSource(about, link, port);
      if (error) say(error, name);
    }
  }
  for (const [name, port] of Object.entries(inputs))
    if (
      !port.optional &&
      port.default === undefined &&
      !sources.has(name) &&
      (!Object.hasOwn(node.values, name) || node.values[name] === undefined)
    )
      say(err.MISSING_INPUT(describeType(port.type)), name);
  if (problems.length === 0)
    for (const [name, why] of Object.entries(ownCheck(definition, node, sources))) say(err.CHECK_FAILED(why), name);
  return problems;
}

/** What the definition itself says of its typed values, which have passed their ports. */
function ownCheck({ check, inputs }: NodeDefinition, { values }: NodeInstance, linked: ReadonlyMap<string, unknown>) {
  if (!check) return {};
  const typed = Object.entries(inputs).flatMap(([name, port]) => {
    const value = (Object.hasOwn(values, name) ? values[name] : undefined) ?? port.default;
    return linked.has(name) || value === undefined ? [] : [[name, value] as const];
  });
  return check(Object.fromEntries(typed));
}

function attempt(port: Port<unknown>, value: unknown, failed: (error: CodedError) => void): void {
  try {
    port.check(value);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    failed(error);
  }
}

/** What is wrong with where a link comes from; a source of unknown type is reported where it stands. */
function checkSource(about: Check, { from, to: [node, name] }: Link, to: Port<unknown> | undefined): CodedError | undefined {
  const { graph, catalogue, types, suggest } = about;
  const source = nodeAt(graph, from[0]);
  if (!source) return err.UNKNOWN_NODE(from[0], suggest(from[0], Object.keys(graph.nodes))).at('link');
  const definition: NodeDefinition | undefined = catalogue.get(source.type)?.definition;
  if (!definition) return undefined;
  const output = portAt(definition.outputs, from[1]);
  if (!output) return unknownPort(about, 'output', definition.outputs, from[1]).at('link', `node ${from[0]}`);
  const answer = to ? canConnect(types.output(from[0], from[1]), types.input(node, name)) : true;
  return answer === true ? undefined : err.LINK_TYPE(answer, from);
}

const toNowhere = ({ graph, suggest }: Check, { from, to }: Link): Problem =>
  toProblem(err.UNKNOWN_NODE(to[0], suggest(to[0], Object.keys(graph.nodes))).at(`link from node ${from[0]} output ${from[1]}`), {
    node: to[0],
    port: to[1],
  });

/** One cycle of every knot, each in the direction of its links; depth first with its own stack. */
function findCycles(nodes: ReadonlySet<string>, into: ReadonlyMap<string, readonly Link[]>): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const knotted = new Set<string>();
  for (const start of nodes) {
    if (state.has(start)) continue;
    state.set(start, 'open');
    const path = [{ id: start, links: into.get(start) ?? [], next: 0 }];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const link = top.links[top.next++];
      if (!link) {
        state.set(top.id, 'done');
        path.pop();
      } else if (nodes.has(link.from[0])) {
        const id = link.from[0];
        if (!state.has(id)) {
          state.set(id, 'open');
          path.push({ id, links: into.get(id) ?? [], next: 0 });
        } else if (state.get(id) === 'open' && !knotted.has(id)) {
          const cycle = path
            .slice(path.findIndex((step) => step.id === id))
            .map((step) => step.id)
            .reverse();
          cycle.forEach((member) => knotted.add(member));
          cycles.push(cycle);
        }
      }
    }
  }
  return cycles;
}

/** Of the output nodes that write nothing the one with the fewest inputs, to name as an example. */
function simplestOutput(catalogue: Definitions): string | undefined {
  const size = ({ inputs }: NodeDefinition) => Object.keys(inputs).length;
  const outputs = [...catalogue.values()].flatMap(({ definition }) =>
    definition.output && definition.effects === 'none' ? [definition] : [],
  );
  return outputs.sort((a, b) => size(a) - size(b))[0]?.type;
}
