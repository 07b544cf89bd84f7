// The graph being edited, kept in the browser across reloads.
import { graphSchema, type Graph } from '@facewright/core';

const KEY = 'facewright.autosave';

export function autosave(graph: Graph, savedAs: string | null): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ graph, savedAs }));
  } catch {
    // Storage is full or forbidden: the graph can still be saved on the server.
  }
}

/** Null when there is none, or one that this version cannot read. */
export function autosaved(): { readonly graph: Graph; readonly savedAs: string | null } | null {
  try {
    const { graph, savedAs } = JSON.parse(localStorage.getItem(KEY) ?? 'null') as { graph: unknown; savedAs?: string | null };
    return { graph: graphSchema.parse(graph), savedAs: savedAs ?? null };
  } catch {
    return null;
  }
}
