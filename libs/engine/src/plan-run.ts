// Graph to plan: which nodes run, in which order, which have a stored result, and why. Time is linear in the size of the graph.
import {
  defaultTargets,
  linksInto,
  messageOf,
  neededNodes,
  type Catalogue,
  type Graph,
  type Link,
  type NodeDefinition,
  type NodeOutputs,
  type PlanStep,
} from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';
import { explainChange } from './explain-change.ts';
import type { EngineHost } from './host.ts';
import { freezeData } from './plain-data.ts';
import type { KeyHistory, ResultCache, StoredResult } from './result-cache.ts';
import { resultKey, type InputPart, type KeyParts } from './result-key.ts';

export interface PlanRequest {
  /** A graph without problems: it has passed prepareGraph with the same targets. */
  readonly graph: Graph;
  readonly catalogue: Catalogue;
  readonly cache: ResultCache;
  readonly history: KeyHistory;
  readonly host: Pick<EngineHost, 'fingerprint'>;
  readonly provider: string;
  /** Nodes whose results are wanted; without it the output nodes. */
  readonly targets?: readonly string[];
}
/** A step with what execution needs to know. */
export interface PlannedStep extends PlanStep {
  readonly definition: NodeDefinition;
  readonly parts: KeyParts;
  /** The stored result of a cached step; null when another node of this run computes the same, `sameAs`. */
  readonly stored: StoredResult | null;
  readonly sameAs?: string;
}
export interface Plan {
  /** In topological order. Nodes that only feed stored results, and have none themselves, are left out. */
  readonly steps: readonly PlannedStep[];
  readonly targets: readonly string[];
}

/** The part of a step that goes out in events. */
export const toPlanStep = ({ node, type, action, reason, key }: PlanStep): PlanStep => ({ node, type, action, reason, key });

/** Keys of all needed nodes, then, from the results backwards, what has to run. Rejects when a path cannot be fingerprinted. */
export async function planRun({
  graph,
  catalogue,
  cache,
  history,
  host,
  provider,
  targets = defaultTargets(graph, catalogue),
}: PlanRequest): Promise<Plan> {
  const into = linksInto(graph);
  const order = friendlyOrder(graph, catalogue, neededNodes(graph, targets, into), into);
  const fingerprints = new Map<string, Promise<string>>();
  const fingerprint = (path: string) => fingerprints.get(path) ?? fingerprints.set(path, host.fingerprint(path)).get(path)!;

  const drafts = new Map<string, { definition: NodeDefinition; parts: KeyParts; key: string; stored: StoredResult | null }>();
  for (const id of order) {
    const { definition, codeDigest } = catalogue.get(graph.nodes[id]!.type)!;
    const inputs: Record<string, InputPart> = {};
    for (const {
      from: [node, output],
      to,
    } of into.get(id) ?? [])
      inputs[to[1]] = { node, output, key: drafts.get(node)!.key };
    for (const [name, value] of Object.entries(typedValues(graph, id, definition, into.get(id) ?? [])))
      inputs[name] =
        definition.inputs[name]!.type.kind === 'path'
          ? {
              path: value as string,
              digest: await fingerprint(value as string).catch((error: unknown) => {
                throw (error instanceof CodedError ? error : err.UNREADABLE_PATH(value as string, messageOf(error))).at(
                  `node ${id} (${definition.type})`,
                  `input ${name}`,
                );
              }),
            }
          : { value };
    const parts: KeyParts = {
      type: definition.type,
      version: definition.version,
      inputs,
      ...(codeDigest !== undefined && { codeDigest }),
      ...(provider === 'null' && { nothingComputed: true }),
    };
    const key = resultKey(parts);
    const stored = definition.effects === 'writes' ? null : await cache.get(key);
    drafts.set(id, { definition, parts, key, stored: stored && fits(definition, stored.outputs) ? stored : null });
  }

  const wanted = new Set(targets);
  for (const id of order.toReversed())
    if (wanted.has(id) && !drafts.get(id)!.stored) for (const { from } of into.get(id) ?? []) wanted.add(from[0]);

  const steps: PlannedStep[] = [];
  const firstWithKey = new Map<string, string>();
  for (const id of order) {
    const { definition, parts, key, stored } = drafts.get(id)!;
    const base = { node: id, type: definition.type, key, definition, parts };
    const same = firstWithKey.get(key);
    if (stored) steps.push({ ...base, action: 'cached', reason: 'nothing changed since its result was stored', stored });
    else if (!wanted.has(id)) continue;
    else if (definition.effects === 'writes') steps.push({ ...base, action: 'run', reason: 'writes files, so it runs every time', stored });
    else if (same !== undefined)
      steps.push({ ...base, action: 'cached', reason: `computes the same as node ${same}`, stored, sameAs: same });
    else {
      firstWithKey.set(key, id);
      steps.push({ ...base, action: 'run', reason: explainChange(await history.get(graph.name, id), parts), stored });
    }
  }
  return { steps, targets };
}

/** The values of the inputs that no link feeds: what was typed, else the default; absent ones are left out. Frozen copies, checked by their ports. */
function typedValues(graph: Graph, id: string, { inputs }: NodeDefinition, links: readonly Link[]): Readonly<Record<string, unknown>> {
  const linked = new Set(links.map(({ to }) => to[1]));
  const typed = graph.nodes[id]!.values;
  const values: Record<string, unknown> = {};
  for (const [name, port] of Object.entries(inputs)) {
    if (linked.has(name)) continue;
    const value: unknown = (Object.hasOwn(typed, name) ? typed[name] : undefined) ?? port.default;
    // A saved graph has no negative zero, so a node never sees one either.
    if (value !== undefined) values[name] = value === 0 ? 0 : freezeData(structuredClone(port.check(value)), name);
  }
  return values;
}

/** A result stored by an earlier build of the same version may not pass its ports any more; then it does not count. */
function fits({ outputs }: NodeDefinition, stored: NodeOutputs): boolean {
  try {
    for (const [name, port] of Object.entries(outputs)) port.check(stored[name]);
    return true;
  } catch (error) {
    if (error instanceof CodedError) return false;
    throw error;
  }
}

/**
 * Topological, with results early: among nodes that are ready, outputs come first, then those that feed an output, then the one that became ready last, so
 * that a branch is finished before the next is begun.
 */
function friendlyOrder(
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
