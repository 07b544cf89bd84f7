// Bringing a saved graph up to the installed versions of its nodes.
import type { Definitions } from './catalogue.ts';
import { err, messageOf, toProblem } from './errors.ts';
import type { Graph, NodeInstance, Problem } from './graph.ts';
import type { Migration } from './node.ts';

type Names = Readonly<Record<string, string>>;
const rename = (name: string, names: Names = {}): string => (Object.hasOwn(names, name) ? names[name]! : name);
const renameKeys = (values: Readonly<Record<string, unknown>>, names: Names = {}) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [rename(name, names), value]));

/**
 * Applies, node by node, the migrations from the saved version to the installed one; links follow renamed ports. A node that cannot be brought up to date
 * (saved by a newer version, a migration that throws) stays as it was and is a problem. Nodes of unknown type are left to validateGraph.
 */
export function migrateGraph(graph: Graph, catalogue: Definitions): { readonly graph: Graph; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const applied = new Map<string, readonly Migration[]>();
  const nodes = Object.fromEntries(
    Object.entries(graph.nodes).map(([id, node]): [string, NodeInstance] => {
      const definition = catalogue.get(node.type)?.definition;
      if (!definition || definition.version === node.version) return [id, node];
      if (node.version > definition.version) {
        problems.push(toProblem(err.NEWER_VERSION(definition.version, node.version).at(`node ${id} (${node.type})`), { node: id }));
        return [id, node];
      }
      const due = (definition.migrations ?? []).filter(({ to }) => to > node.version);
      let values: Readonly<Record<string, unknown>> = node.values;
      for (const { to, renamed, up } of due)
        try {
          values = up(renameKeys(values, renamed?.inputs));
        } catch (error) {
          problems.push(toProblem(err.MIGRATION_FAILED(to, messageOf(error)).at(`node ${id} (${node.type})`), { node: id }));
          return [id, node];
        }
      applied.set(id, due);
      return [id, { ...node, version: definition.version, values: { ...values } }];
    }),
  );
  const follow = ([node, port]: [string, string], side: 'inputs' | 'outputs'): [string, string] => [
    node,
    (applied.get(node) ?? []).reduce((name, { renamed }) => rename(name, renamed?.[side]), port),
  ];
  const links = graph.links.map(({ from, to }) => ({ from: follow(from, 'outputs'), to: follow(to, 'inputs') }));
  return { graph: { ...graph, nodes, links }, problems };
}
