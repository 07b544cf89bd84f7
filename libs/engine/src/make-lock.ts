// A run's lock: what its results depend on, taken from its graph, its plan and what surrounded it.
import {
  linksInto,
  neededNodes,
  prepareGraph,
  type Catalogue,
  type Graph,
  type LockedFile,
  type LockedInput,
  type NodeOutputs,
  type PlanStep,
  type Problem,
  type RunLock,
} from '@facewright/core';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from './plain-data.ts';
import { typedValues } from './step.ts';

/** What a run is made with, beside its graph. */
export type Surroundings = Pick<RunLock, 'facewright' | 'nodejs' | 'onnxruntime' | 'platform' | 'device' | 'provider'>;

/** Nodes of a graph as they run, and the paths that they name. */
export interface LockedGraph extends Pick<RunLock, 'digest' | 'graph' | 'targets' | 'nodes' | 'seeds' | 'precision'> {
  /** `model`: the port is for weights. */
  readonly paths: ReadonlyMap<string, { readonly model: boolean }>;
}
export interface MakeLock {
  readonly run: string;
  /** ISO 8601. */
  readonly made: string;
  readonly surroundings: Surroundings;
  /** By path; those that are not there have no digest. */
  readonly files: Readonly<Record<string, LockedFile>>;
  /** Of the run; empty for a lock that only says what a run would depend on. */
  readonly plan: readonly PlanStep[];
  /** Of the nodes whose results were wanted. */
  readonly outputs: Readonly<Record<string, NodeOutputs>>;
  /** Of all nodes, as far as they are known: they say which element types were chosen. */
  readonly results?: ReadonlyMap<string, NodeOutputs>;
}

export const digestOf = (value: unknown): string => bytesToHex(sha256(utf8ToBytes(canonicalJson(value))));

/** Or the problems for which the graph cannot run here. */
export function lockGraph(
  saved: Graph,
  catalogue: Catalogue,
  asked?: readonly string[],
): { readonly locked: LockedGraph; readonly problems: readonly [] } | { readonly locked: null; readonly problems: readonly Problem[] } {
  const { graph, targets, problems } = prepareGraph(saved, catalogue, asked === undefined ? {} : { targets: asked });
  if (problems.length > 0) return { locked: null, problems };
  const into = linksInto(graph);
  const nodes: Record<string, RunLock['nodes'][string]> = {};
  const seeds: Record<string, number> = {};
  const precision: Record<string, string> = {};
  const paths = new Map<string, { readonly model: boolean }>();
  for (const id of neededNodes(graph, targets, into)) {
    const { definition, codeDigest } = catalogue.get(graph.nodes[id]!.type)!;
    const links = into.get(id) ?? [];
    const inputs: Record<string, LockedInput> = {};
    for (const { from, to } of links) inputs[to[1]] = { from: [from[0], from[1]] };
    for (const [name, value] of Object.entries(typedValues(graph, id, definition, links))) {
      const { type } = definition.inputs[name]!;
      inputs[name] = type.kind === 'path' ? { path: value as string } : { value };
      if (type.kind === 'path')
        paths.set(value as string, { model: type.models !== undefined || (paths.get(value as string)?.model ?? false) });
      if (type.kind === 'seed') seeds[`${id}.${name}`] = value as number;
      if (name === 'precision') precision[id] = String(value);
    }
    nodes[id] = { type: definition.type, version: definition.version, ...(codeDigest !== undefined && { codeDigest }), inputs };
  }
  const digest = digestOf({
    nodes: Object.fromEntries(Object.entries(nodes).map(([id, { type, version, inputs }]) => [id, { type, version, inputs }])),
    targets,
  });
  return { locked: { digest, graph: saved, ...(asked && { targets: [...asked] }), nodes, seeds, precision, paths }, problems: [] };
}

export function makeLock(
  { paths: _, nodes, precision, ...locked }: LockedGraph,
  { run, made, surroundings, files, plan, outputs, results }: MakeLock,
): RunLock {
  const keys = new Map(plan.map(({ node, key }) => [node, key]));
  return {
    facewrightLock: 1,
    run,
    made,
    ...surroundings,
    ...locked,
    precision: Object.fromEntries(
      Object.entries(precision).map(([id, asked]) => [
        id,
        chosenPrecision(results?.get(id)) ?? (asked === 'auto' && surroundings.provider !== 'webgpu' ? 'float32' : asked),
      ]),
    ),
    nodes: Object.fromEntries(Object.entries(nodes).map(([id, node]) => [id, { ...node, ...(keys.has(id) && { key: keys.get(id)! }) }])),
    files: { ...files },
    outputs: lockOutputs(outputs),
  };
}

export const lockOutputs = (outputs: Readonly<Record<string, NodeOutputs>>): RunLock['outputs'] =>
  Object.fromEntries(
    Object.entries(outputs).map(([id, ports]) => [
      id,
      Object.fromEntries(Object.entries(ports).map(([name, value]) => [name, { digest: digestOf(value), value }])),
    ]),
  );

/** What a training says that it computed with. Without one, `auto` is float32 where there is no graphics device. */
function chosenPrecision(outputs: NodeOutputs | undefined): string | undefined {
  for (const value of Object.values(outputs ?? {})) {
    const settings = (value as { readonly settings?: Readonly<Record<string, unknown>> } | null)?.settings;
    if (typeof settings?.['precision'] === 'string') return settings['precision'];
  }
  return undefined;
}
