// The catalogue: every installed node type by its name.
import { checkDefinition } from './check-definition.ts';
import { err } from './errors.ts';
import { definitionOf, type NodeDefinition, type NodeDescription, type NodePackage } from './node.ts';

/** What validation needs to know of the installed nodes; a Catalogue is one. */
export type Definitions = ReadonlyMap<string, { readonly definition: NodeDefinition }>;
export type Catalogue = ReadonlyMap<string, NodePackage>;

/** Throws CORE_BAD_CATALOGUE with everything that is wrong: unsound definitions, two packages of one type. */
export function createCatalogue(packages: Iterable<NodePackage>): Catalogue {
  const catalogue = new Map<string, NodePackage>();
  const problems: string[] = [];
  for (const entry of packages) {
    const { type } = entry.definition;
    if (catalogue.has(type)) problems.push(err.DUPLICATE_NODE_TYPE(type).message);
    problems.push(...checkDefinition(entry.definition).map(({ message }) => message));
    catalogue.set(type, entry);
  }
  if (problems.length > 0) throw err.BAD_CATALOGUE(problems);
  return catalogue;
}

/** The definitions behind descriptions that a server sent: enough to validate graphs in a browser. */
export const definitionsOf = (descriptions: Iterable<NodeDescription>): Definitions =>
  new Map([...descriptions].map((description) => [description.type, { definition: definitionOf(description) }]));
