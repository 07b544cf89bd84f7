// Everything that is wrong with a graph that may be anything: its form, the versions of its nodes, every node and link.
import { parseGraph, validateDocument, type Catalogue, type Graph, type Problem } from '@facewright/core';

/** `graph` is null when it has not even the form of one; otherwise as it was saved. */
export function checkGraph(json: unknown, catalogue: Catalogue): { readonly graph: Graph | null; readonly problems: readonly Problem[] } {
  const parsed = parseGraph(json);
  if (!parsed.graph) return { graph: null, problems: parsed.problems };
  return { graph: parsed.graph, problems: validateDocument(parsed.graph, catalogue) };
}
