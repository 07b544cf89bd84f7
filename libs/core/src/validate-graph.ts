// Everything that is wrong with a graph, at once, before anything runs.
import { CodedError } from '@facewright/tensor';
import { canConnect } from './can-connect.ts';
import type { Definitions } from './catalogue.ts';
import { err, toProblem } from './errors.ts';
import type { Graph, Link, NodeInstance, Problem } from './graph.ts';
import { migrateGraph } from './migrate-graph.ts';
import { nearest } from './nearest.ts';
import { defaultTargets, linksInto, neededNodes, nodeAt } from './needed-nodes.ts';
import type { AnyPorts, NodeDefinition } from './node.ts';
import { describeType, type Port } from './port.ts';

export interface ValidateOptions {
  /** Checks only what these nodes need; without it every node of the graph. */
  readonly targets?: readonly string[];
}

const portAt = (ports: AnyPorts, name: string): Port<unknown> | undefined => (Object.hasOwn(ports, name) ? ports[name] : undefined);
const unknownPort = (side: 'input' | 'output', ports: AnyPorts, name: string) =>
  err.UNKNOWN_PORT(side, Object.keys(ports), name, nearest(name, Object.keys(ports)));

/**
 * Unknown node types and ports, wrong values, missing inputs, links that do not fit, several links into one input, cycles, nothing to give out: all of
 * them, in the order of the nodes. Works on definitions made from descriptions too, so the editor says what the server would.
 */
export function validateGraph(graph: Graph, catalogue: Definitions, { targets }: ValidateOptions = {}): Problem[] {
  const into = linksInto(graph);
  const checked = targets === undefined ? new Set(Object.keys(graph.nodes)) : neededNodes(graph, targets, into);
  const problems = (targets ?? [])
    .filter((id) => !nodeAt(graph, id))
    .map((id) => toProblem(err.UNKNOWN_NODE(id, nearest(id, Object.keys(graph.nodes))).at('target'), { node: id }));
  if (targets?.length === 0) problems.push(toProblem(err.NO_TARGETS()));
  for (const id of checked) problems.push(...checkNode(graph, catalogue, id, nodeAt(graph, id)!, into.get(id) ?? []));
  for (const [id, links] of into)
    if (targets === undefined && !nodeAt(graph, id)) problems.push(...links.map((link) => toNowhere(graph, link)));
  for (const cycle of findCycles(checked, into)) problems.push(toProblem(err.CYCLE(cycle), { node: cycle[0]! }));
  if (targets === undefined && defaultTargets(graph, catalogue).length === 0)
    problems.push(toProblem(err.NO_OUTPUT([...catalogue.values()].find(({ definition }) => definition.output)?.definition.type)));
  return problems;
}

/**
 * The gate before a run: migrates, then validates what the run needs (the targets, or all output nodes). A half-built node that feeds no output does not stop a run;
 * a node of unknown type does, because it may be an output.
 */
export function prepareGraph(
  saved: Graph,
  catalogue: Definitions,
  { targets }: ValidateOptions = {},
): { readonly graph: Graph; readonly problems: readonly Problem[] } {
  const { graph, problems } = migrateGraph(saved, catalogue);
  const wanted = targets ?? defaultTargets(graph, catalogue);
  const needed = neededNodes(graph, wanted);
  const wrong = validateGraph(graph, catalogue, targets === undefined && wanted.length === 0 ? {} : { targets: wanted });
  return { graph, problems: [...problems.filter(({ node }) => node === undefined || needed.has(node)), ...wrong] };
}

function checkNode(graph: Graph, catalogue: Definitions, id: string, node: NodeInstance, links: readonly Link[]): Problem[] {
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
    say(err.UNKNOWN_NODE_TYPE(node.type, nearest(node.type, catalogue.keys())));
    return problems;
  }
  const { inputs } = definition;
  const sources = new Map<string, Link[]>();
  for (const link of links) sources.set(link.to[1], [...(sources.get(link.to[1]) ?? []), link]);

  for (const [name, value] of Object.entries(node.values)) {
    const port = portAt(inputs, name);
    if (!port) say(unknownPort('input', inputs, name), name);
    else if (value !== undefined && !sources.has(name)) attempt(port, value, (error) => say(error, name));
  }
  for (const [name, feeding] of sources) {
    const port = portAt(inputs, name);
    if (!port) say(unknownPort('input', inputs, name), name);
    if (feeding.length > 1) say(err.TWO_LINKS(feeding.map(({ from }) => from.join('.'))), name);
    for (const link of feeding) {
      const error = checkSource(graph, catalogue, link, port);
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
  return problems;
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
function checkSource(graph: Graph, catalogue: Definitions, { from }: Link, to: Port<unknown> | undefined): CodedError | undefined {
  const source = nodeAt(graph, from[0]);
  if (!source) return err.UNKNOWN_NODE(from[0], nearest(from[0], Object.keys(graph.nodes))).at('link');
  const definition: NodeDefinition | undefined = catalogue.get(source.type)?.definition;
  if (!definition) return undefined;
  const output = portAt(definition.outputs, from[1]);
  if (!output) return unknownPort('output', definition.outputs, from[1]).at('link', `node ${from[0]}`);
  const answer = to ? canConnect(output.type, to.type) : true;
  return answer === true ? undefined : err.LINK_TYPE(answer, from);
}

const toNowhere = (graph: Graph, { from, to }: Link): Problem =>
  toProblem(err.UNKNOWN_NODE(to[0], nearest(to[0], Object.keys(graph.nodes))).at(`link from node ${from[0]} output ${from[1]}`), {
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
