// Search over the catalogue: every word has to occur; matches in the title come first.
import type { NodeDescription } from '@facewright/core';

export function findNodes(nodes: Iterable<NodeDescription>, query: string): readonly NodeDescription[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = ({ title, type, summary, category }: NodeDescription): number => {
    // The namespace is the same for all nodes of an author, so it would match all or none.
    const name = `${title} ${type.slice(type.indexOf('/') + 1)}`.toLowerCase();
    const all = `${name} ${summary} ${category}`.toLowerCase();
    if (!words.every((word) => all.includes(word))) return Infinity;
    if (!words.length) return 0;
    return name.startsWith(words.join(' ')) ? 0 : words.every((word) => name.includes(word)) ? 1 : 2;
  };
  return [...nodes]
    .map((node) => ({ node, rank: rank(node) }))
    .filter((entry) => entry.rank < Infinity)
    .sort((a, b) => a.rank - b.rank || a.node.title.localeCompare(b.node.title))
    .map(({ node }) => node);
}

/** By category, both in alphabetical order. */
export function byCategory(nodes: readonly NodeDescription[]): readonly (readonly [category: string, nodes: readonly NodeDescription[]])[] {
  const groups = new Map<string, NodeDescription[]>();
  for (const node of nodes) groups.set(node.category, [...(groups.get(node.category) ?? []), node]);
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}
