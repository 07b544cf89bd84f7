// Where results are kept by their key, and what is remembered to explain the next run.
import type { NodeOutputs } from '@facewright/core';
import type { KeyParts } from './result-key.ts';

export interface StoredResult {
  readonly parts: KeyParts;
  readonly outputs: NodeOutputs;
  /** What computing it took. */
  readonly seconds: number;
}

/** A disk implementation returns null for results whose assets are gone (collectAssets lists them) and for files it cannot read. */
export interface ResultCache {
  get(key: string): Promise<StoredResult | null>;
  set(key: string, result: StoredResult): Promise<void>;
}

/** What a node's last result was made from; `unfinished` says why that was not stored. */
export type PastResult = KeyParts & { readonly unfinished?: string };

/** The parts of the key with which each node of a graph, by the graph's name, last had a result. */
export interface KeyHistory {
  get(graph: string, node: string): Promise<PastResult | null>;
  set(graph: string, node: string, parts: PastResult): Promise<void>;
}

/** For tests and for runs that leave nothing behind. */
export function createMemoryCache(): ResultCache {
  const results = new Map<string, StoredResult>();
  return {
    get: async (key) => results.get(key) ?? null,
    set: async (key, result) => void results.set(key, result),
  };
}
export function createMemoryHistory(): KeyHistory {
  const graphs = new Map<string, Map<string, PastResult>>();
  return {
    get: async (graph, node) => graphs.get(graph)?.get(node) ?? null,
    set: async (graph, node, parts) => void graphs.set(graph, (graphs.get(graph) ?? new Map<string, PastResult>()).set(node, parts)),
  };
}
