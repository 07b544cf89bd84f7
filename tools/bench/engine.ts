// What the engine costs: 1,000 chained nodes that do nothing, and planning diamonds of up to 10,000 nodes.
import { createCatalogue, defineNode, nodePackage, port, type Graph, type Link } from '@facewright/core';
import { createMemoryCache, createMemoryHistory, executeRun, planRun } from '@facewright/engine';
import { createIdleHost } from '@facewright/engine/testing';
import type { Measurement } from './report.ts';
import { median } from './median.ts';

const range = { min: -1e300, max: 1e300 };
const definition = defineNode({
  type: 'bench/pass',
  version: 1,
  title: 'Pass',
  summary: 'Adds two numbers.',
  category: 'Bench',
  effects: 'none',
  inputs: { a: port.number({ ...range, default: 1 }), b: port.number({ ...range, default: 0 }) },
  outputs: { number: port.number(range) },
});
const catalogue = createCatalogue([nodePackage(definition, async () => ({ run: async ({ a }) => ({ number: a }) }))]);
const host = createIdleHost();
const graphOf = (ids: readonly string[], links: readonly Link[]): Graph => ({
  facewright: 1,
  name: 'bench',
  description: '',
  groups: [],
  nodes: Object.fromEntries(ids.map((id) => [id, { type: definition.type, version: 1, values: {} }])),
  links: [...links],
});
const chain = (count: number): Graph =>
  graphOf(
    Array.from({ length: count }, (_, i) => `n${i}`),
    Array.from({ length: count - 1 }, (_, i) => ({ from: [`n${i}`, 'number'], to: [`n${i + 1}`, 'a'] })),
  );
/** Layers of two nodes, each fed by both of the layer before. */
const diamond = (layers: number): Graph =>
  graphOf(
    Array.from({ length: layers }, (_, i) => [`l${i}`, `r${i}`]).flat(),
    Array.from({ length: layers - 1 }, (_, i): Link[] =>
      ['l', 'r'].flatMap((side): Link[] => [
        { from: [`l${i}`, 'number'], to: [`${side}${i + 1}`, 'a'] },
        { from: [`r${i}`, 'number'], to: [`${side}${i + 1}`, 'b'] },
      ]),
    ).flat(),
  );

/** Median after three runs to warm up, in milliseconds. */
async function time(rounds: number, act: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = -3; i < rounds; i++) {
    const begun = performance.now();
    await act();
    if (i >= 0) times.push(performance.now() - begun);
  }
  return median(times);
}
const fresh = () => ({ catalogue, cache: createMemoryCache(), history: createMemoryHistory(), host, provider: 'cpu' });

async function run(request: ReturnType<typeof fresh>, graph: Graph, target: string): Promise<void> {
  let events = 0;
  const terminal = await executeRun({
    ...request,
    graph,
    targets: [target],
    signal: new AbortController().signal,
    emit: () => {
      events++;
    },
  });
  if (terminal.type !== 'run_succeeded' || events < 1000) throw new Error(`the bench run ended in ${JSON.stringify(terminal)}`);
}

export const aboutEngine =
  'Nodes that add two numbers, with results kept in memory: what remains is the cost of the engine itself. A diamond is a graph of layers of two nodes, each fed by both nodes of the layer before, so that the number of paths through it doubles with every layer. Medians of 9 runs.';

export async function measureEngine({ rounds = 9 }: { readonly rounds?: number } = {}): Promise<Measurement[]> {
  const thousand = chain(1000);
  const filled = fresh();
  await run(filled, thousand, 'n999');
  const measured: Measurement[] = [
    { name: 'run 1,000 chained nodes', value: await time(rounds, () => run(fresh(), thousand, 'n999')), unit: 'ms', most: 100 },
    { name: 'run them again, all stored', value: await time(rounds, () => run(filled, thousand, 'n999')), unit: 'ms' },
  ];
  const perNode: number[] = [];
  for (const count of [2500, 5000, 10_000]) {
    const graph = diamond(count / 2);
    const value = await time(rounds, () => planRun({ ...fresh(), graph, targets: [`l${count / 2 - 1}`] }));
    perNode.push(value / count);
    measured.push({ name: `plan a diamond of ${count.toLocaleString('en')} nodes`, value, unit: 'ms' });
  }
  // Linear is 1 and quadratic 4; garbage collection and caches lie between.
  return [...measured, { name: 'time per node, 10,000 over 2,500 nodes', value: perNode.at(-1)! / perNode[0]!, unit: '×', most: 1.5 }];
}
