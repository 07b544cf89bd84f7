// A node that runs a graph in its place.
import { defaultTargets, prepareGraph, type Graph, type Link, type NodeInstance } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';
import type { Item } from './nested.ts';
import { runGraph } from './run-graph.ts';
import { StepFailure, type Expand, type Scope } from './scope.ts';
import type { Step } from './step.ts';

/** Expansions in expansions: deeper than any graph that people draw, and shallow enough to end soon where a node expands to itself. */
const deepest = 64;

interface Told {
  onDone(): void;
  onUnfinished(why: string): void;
}
export function createExpand(scope: Scope, { id, definition }: Step, { place }: Item, { onDone, onUnfinished }: Told): Expand {
  const used = new Set<string>();
  return async (graph, outputs, name) => {
    const prefix = [id, ...place, ...(name === undefined ? [] : [name])].join(':');
    if (used.has(prefix))
      throw err.EXPANSION(`a name of its own for each, got ${name === undefined ? 'none' : JSON.stringify(name)} twice`);
    used.add(prefix);
    if (scope.depth >= deepest) throw err.EXPANSION(`at most ${deepest} in one another, got more: it expands to itself without end`);
    const inner = prefixed({ ...scope.document, ...graph }, prefix);
    const wanted = Object.entries<readonly [string, string]>(outputs).map(
      ([key, [node, output]]) => [key, `${prefix}:${node}`, output] as const,
    );
    const targets = [...new Set([...defaultTargets(inner, scope.catalogue), ...wanted.map(([, node]) => node)])];
    const prepared = prepareGraph(inner, scope.catalogue, { targets });
    if (prepared.problems.length > 0)
      throw err.EXPANSION(`a graph that can run, got ${prepared.problems.map(({ message }) => message).join('; ')}`);
    // Its nodes take their turns while it waits for them.
    if (!definition.waits) scope.turn.give();
    try {
      const { steps } = await runGraph({ ...scope, depth: scope.depth + 1 }, prepared.graph, prepared.targets, (plan) =>
        scope.emit({ type: 'node_expanded', node: id, plan }),
      );
      return Object.fromEntries(
        wanted.map(([key, node, output]) => {
          const step = steps.get(node);
          if (!step || !Object.hasOwn(step.definition.outputs, output))
            throw err.EXPANSION(`an output of a node in it, got ${node}.${output}`);
          const { outputs: given, unfinished } = step.result!;
          if (unfinished !== undefined) onUnfinished(unfinished);
          return [key, given[output]];
        }),
      ) as never;
    } catch (error) {
      // What failed inside is told as such; the node that expanded fails of it, and may catch it.
      if (error instanceof StepFailure) throw new CodedError(error.problems[0]!.code, error.message);
      throw error;
    } finally {
      if (!definition.waits) {
        await scope.turn.take();
        onDone();
      }
    }
  };
}

function prefixed(graph: Graph, prefix: string): Graph {
  const end = ([node, port]: Link['from']): Link['from'] => [`${prefix}:${node}`, port];
  return {
    ...graph,
    nodes: Object.fromEntries(Object.entries(graph.nodes).map(([id, node]): [string, NodeInstance] => [`${prefix}:${id}`, node])),
    links: graph.links.map(({ from, to }) => ({ from: end(from), to: end(to) })),
  };
}
