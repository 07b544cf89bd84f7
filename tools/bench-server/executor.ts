// What running a node costs beside its work, here and in ComfyUI: graphs of nodes that do nothing.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createCatalogue, defineNode, nodePackage, parseGraph, port, prepareGraph, type Graph, type Link } from '@facewright/core';
import { createMemoryCache, createMemoryHistory, executeRun, type ResultCache } from '@facewright/engine';
import { createIdleHost } from '@facewright/engine/testing';
import type { Measurement } from '../bench/report.ts';

const counts = [100, 300, 1000, 10_000];
/** ComfyUI is given so long for one graph, s. */
const patience = 60;
type Shape = 'chain' | 'diamond';
type Cache = 'classic' | 'none';
/** Seconds; of a node for `cold` and `again`. */
interface Costs {
  readonly submit: number;
  readonly cold: number;
  readonly again: number;
}

const range = { min: -1e300, max: 1e300 };
const definition = defineNode({
  type: 'bench/pass',
  version: 1,
  title: 'Pass',
  summary: 'Gives what it gets.',
  category: 'Bench',
  effects: 'none',
  inputs: { a: port.number({ ...range, default: 1 }), b: port.number({ ...range, default: 0 }) },
  outputs: { number: port.number(range) },
});
const end = defineNode({ ...definition, type: 'bench/end', output: true });
const catalogue = createCatalogue(
  [definition, end].map((one) => nodePackage(one, async () => ({ run: async ({ a }) => ({ number: a }) }))),
);
const host = createIdleHost();

/** A chain, or layers of two nodes each fed by both of the layer before. The last node shows its result. */
function graphOf(shape: Shape, count: number): Graph {
  const ids =
    shape === 'chain'
      ? Array.from({ length: count }, (_, i) => `n${i}`)
      : Array.from({ length: count / 2 }, (_, i) => [`l${i}`, `r${i}`]).flat();
  const last = shape === 'chain' ? ids.at(-1)! : `l${count / 2 - 1}`;
  const links: Link[] =
    shape === 'chain'
      ? ids.slice(1).map((id, i) => ({ from: [ids[i]!, 'number'], to: [id, 'a'] }))
      : ids.slice(2).flatMap((id, i): Link[] => {
          const layer = Math.floor(i / 2);
          return [
            { from: [`l${layer}`, 'number'], to: [id, 'a'] },
            { from: [`r${layer}`, 'number'], to: [id, 'b'] },
          ];
        });
  const nodes = ids.map((id) => [id, { type: id === last ? end.type : definition.type, version: 1, values: {} }] as const);
  return { facewright: 1, name: 'bench', description: '', groups: [], nodes: Object.fromEntries(nodes), links };
}

async function measureOurs(shape: Shape, cache: Cache, count: number): Promise<Costs> {
  const document: unknown = graphOf(shape, count);
  const times: Record<keyof Costs, number[]> = { submit: [], cold: [], again: [] };
  const rounds = Math.max(5, 3000 / count);
  for (let round = -2; round < rounds; round++) {
    const clock = async (what: keyof Costs, act: () => unknown) => {
      const begun = performance.now();
      await act();
      if (round >= 0) times[what].push((performance.now() - begun) / 1000);
    };
    let graph: Graph | undefined;
    await clock('submit', () => {
      graph = parseGraph(document).graph;
      prepareGraph(graph!, catalogue);
    });
    const nothing: ResultCache = { get: async () => null, set: async () => {} };
    const stores = { cache: cache === 'none' ? nothing : createMemoryCache(), history: createMemoryHistory() };
    for (const what of ['cold', 'again'] as const)
      await clock(what, async () => {
        const terminal = await executeRun({
          ...stores,
          graph: graph!,
          catalogue,
          host,
          provider: 'cpu',
          signal: new AbortController().signal,
          emit: () => {},
        });
        if (terminal.type !== 'run_succeeded') throw new Error(`the run ended in ${JSON.stringify(terminal)}`);
      });
  }
  return { submit: Math.min(...times.submit), cold: Math.min(...times.cold) / count, again: Math.min(...times.again) / count };
}

type ComfyCosts = Partial<Costs> & {
  readonly version: string;
  readonly refused?: string;
  readonly failed?: string;
  readonly after?: number;
};
/** Null when it took longer than there is patience for. */
function measureComfy(python: string, checkout: string, shape: Shape, cache: Cache, count: number): ComfyCosts | null {
  try {
    const script = join(import.meta.dirname, 'comfy-executor.py');
    const text = execFileSync(python, [script, checkout, shape, cache, String(count)], {
      encoding: 'utf8',
      timeout: patience * 1000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return JSON.parse(text.trim().split('\n').at(-1)!) as ComfyCosts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ETIMEDOUT') return null;
    throw error;
  }
}

export const aboutExecutor = `Nodes that give what they get, in a chain and in a diamond (layers of two nodes, each fed by both of the layer before); nothing is computed, nobody watches, results are kept in memory (\`classic\` in ComfyUI) or not at all. "Accepted" is the check of a submitted graph; "a node" is a whole run divided by its nodes, "again" the same graph once more. ComfyUI's own \`validate_prompt\` and \`PromptExecutor\` do the same with nodes of the same kind (\`tools/bench-server/comfy-executor.py\`), where \`COMFYUI_CHECKOUT\` names a checkout and \`FACEWRIGHT_PYTHON\` a Python with what it needs; it is stopped after ${patience} s a graph, and larger ones are then not tried. Each number is the least of several runs (at least 5 here, 3 there), since other work on the machine only adds to it.`;

/** `comfy`: a checkout of ComfyUI and a Python with what it needs; without it only the costs here are measured. */
export async function measureExecutor(comfy?: { readonly checkout: string; readonly python: string }): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const shape of ['chain', 'diamond'] as const)
    for (const cache of ['classic', 'none'] as const) {
      const perNode: number[] = [];
      let tooSlow = false;
      for (const count of counts) {
        const graph = `${shape} of ${count.toLocaleString('en')}, ${cache === 'classic' ? 'results kept' : 'results not kept'}`;
        const add = (what: string, value: number | undefined, unit: string, most?: number) => {
          if (value !== undefined) measured.push({ name: `${graph}: ${what}`, value, unit, ...(most !== undefined && { most }) });
        };
        const ours = await measureOurs(shape, cache, count);
        perNode.push(ours.cold);
        add('accepted after', ours.submit * 1000, 'ms');
        add('a node', ours.cold * 1e6, 'µs');
        add('a node, again', ours.again * 1e6, 'µs');
        if (!comfy || tooSlow) continue;
        const theirs = measureComfy(comfy.python, comfy.checkout, shape, cache, count);
        tooSlow = theirs === null;
        if (!theirs) {
          add('ComfyUI, stopped after', patience, 's');
          continue;
        }
        const name = `ComfyUI ${theirs.version}`;
        if (theirs.refused === undefined) add(`${name}, accepted after`, theirs.submit && theirs.submit * 1000, 'ms');
        else add(`${name}, refused after`, theirs.submit && theirs.submit * 1000, 'ms');
        if (theirs.failed !== undefined) add(`${name}, ends in ${theirs.failed} after`, theirs.after, 's');
        add(`${name}, a node`, theirs.cold && theirs.cold * 1e6, 'µs');
        add(`${name}, a node, again`, theirs.again && theirs.again * 1e6, 'µs');
        add('a node here over there', theirs.cold && ours.cold / theirs.cold, '×', 0.1);
        add('a node, again, here over there', theirs.again && ours.again / theirs.again, '×', 0.1);
      }
      // Linear is 1 and quadratic 10; garbage collection and caches lie between.
      measured.push({
        name: `${shape}, ${cache === 'classic' ? 'results kept' : 'results not kept'}: a node of 10,000 over one of 1,000`,
        value: perNode[3]! / perNode[2]!,
        unit: '×',
        most: 3,
      });
    }
  return measured;
}
