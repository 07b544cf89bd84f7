// The order in which nodes run where nothing else decides: results appear early.
import type { Catalogue, Graph, Link } from '@facewright/core';

/**
 * Topological, with results early: among nodes that are ready, outputs come first, then those that feed an output, then the one that became ready last, so
 * that a branch is finished before the next is begun.
 */
export function friendlyOrder(
  graph: Graph,
  catalogue: Catalogue,
  needed: ReadonlySet<string>,
  into: ReadonlyMap<string, readonly Link[]>,
): string[] {
  const isOutput = (id: string) => catalogue.get(graph.nodes[id]!.type)!.definition.output === true;
  const consumers = new Map<string, string[]>();
  const waiting = new Map<string, number>();
  for (const id of needed) {
    const links = into.get(id) ?? [];
    waiting.set(id, links.length);
    for (const {
      from: [source],
    } of links) {
      const list = consumers.get(source);
      if (list) list.push(id);
      else consumers.set(source, [id]);
    }
  }
  const ready: readonly [string[], string[], string[]] = [[], [], []];
  const admit = (id: string) => ready[isOutput(id) ? 0 : (consumers.get(id) ?? []).some(isOutput) ? 1 : 2].push(id);
  // The last admitted comes first, so the document's first node is admitted last.
  for (const id of Object.keys(graph.nodes).reverse()) if (waiting.get(id) === 0) admit(id);
  const order: string[] = [];
  for (let id = take(ready); id !== undefined; id = take(ready)) {
    order.push(id);
    for (const consumer of (consumers.get(id) ?? []).toReversed()) {
      const left = waiting.get(consumer)! - 1;
      waiting.set(consumer, left);
      if (left === 0) admit(consumer);
    }
  }
  return order;
}
const take = (ready: readonly string[][]): string | undefined => ready.find((queue) => queue.length > 0)?.pop();
