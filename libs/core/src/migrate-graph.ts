// Bringing a saved graph up to the installed versions of its nodes.
import type { CodedError } from '@facewright/tensor';
import type { Definitions } from './catalogue.ts';
import { err, messageOf, toProblem } from './errors.ts';
import type { Graph, GraphContent, LinkEnd, NodeInstance, Problem, Subgraph } from './graph.ts';
import type { Migration } from './node.ts';

type Names = Readonly<Record<string, string>>;
const rename = (name: string, names: Names = {}): string => (Object.hasOwn(names, name) ? names[name]! : name);
const renameKeys = (values: Readonly<Record<string, unknown>>, names: Names = {}) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [rename(name, names), value]));

/**
 * Applies, node by node, the migrations from the saved version to the installed one, in subgraphs as well; links and the ports of subgraphs follow renamed ports. A node that cannot
 * be brought up to date (saved by a newer version, a migration that throws) stays as it was and is a problem. Nodes of unknown type are left to validateGraph.
 */
export function migrateGraph(graph: Graph, catalogue: Definitions): { readonly graph: Graph; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const { content } = migrateContent(graph, catalogue, problems);
  const subgraphs =
    graph.subgraphs &&
    Object.fromEntries(
      Object.entries(graph.subgraphs).map(([id, subgraph]): [string, Subgraph] => {
        const { content, follow } = migrateContent(subgraph, catalogue, problems, id);
        const inputs = Object.entries(subgraph.inputs).map(([name, { to }]) => [name, { to: to.map((end) => follow(end, 'inputs')) }]);
        const outputs = Object.entries(subgraph.outputs).map(([name, { from }]) => [name, { from: follow(from, 'outputs') }]);
        return [id, { ...subgraph, ...content, inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) }];
      }),
    );
  return { graph: { ...graph, ...content, ...(subgraphs && { subgraphs }) }, problems };
}

function migrateContent(graph: GraphContent, catalogue: Definitions, problems: Problem[], subgraph?: string) {
  const applied = new Map<string, readonly Migration[]>();
  const say = (error: CodedError, id: string, { type }: NodeInstance) =>
    problems.push(
      toProblem(error.at(...(subgraph === undefined ? [] : [`subgraph ${subgraph}`]), `node ${id} (${type})`), {
        ...(subgraph !== undefined && { subgraph }),
        node: id,
      }),
    );
  const nodes = Object.fromEntries(
    Object.entries(graph.nodes).map(([id, node]): [string, NodeInstance] => {
      const definition = catalogue.get(node.type)?.definition;
      if (!definition || definition.version === node.version) return [id, node];
      if (node.version > definition.version) {
        say(err.NEWER_VERSION(definition.version, node.version), id, node);
        return [id, node];
      }
      const due = (definition.migrations ?? []).filter(({ to }) => to > node.version);
      let values: Readonly<Record<string, unknown>> = node.values;
      for (const { to, renamed, up } of due)
        try {
          values = up(renameKeys(values, renamed?.inputs));
        } catch (error) {
          say(err.MIGRATION_FAILED(to, messageOf(error)), id, node);
          return [id, node];
        }
      applied.set(id, due);
      return [id, { ...node, version: definition.version, values: { ...values } }];
    }),
  );
  const follow = ([node, port]: LinkEnd, side: 'inputs' | 'outputs'): LinkEnd => [
    node,
    (applied.get(node) ?? []).reduce((name, { renamed }) => rename(name, renamed?.[side]), port),
  ];
  const links = graph.links.map(({ from, to }) => ({ from: follow(from, 'outputs'), to: follow(to, 'inputs') }));
  return { content: { nodes, links }, follow };
}
