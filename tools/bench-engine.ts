// What the engine costs: 1,000 chained nodes that do nothing, and planning a diamond of 10,000 nodes. Prints one {name, value, unit} per line.
import { createCatalogue, defineNode, nodePackage, port, type Graph, type Link } from '@facewright/core';
import { createMemoryCache, createMemoryHistory, executeRun, planRun, type EngineHost } from '@facewright/engine';

const range = { min: -1e300, max: 1e300 };
const definition = defineNode({
  type: 'bench/pass', version: 1, title: 'Pass', summary: 'Adds two numbers.', category: 'Bench', effects: 'none',
  inputs: { a: port.number({ ...range, default: 1 }), b: port.number({ ...range, default: 0 }) }, outputs: { number: port.number(range) },
});
const catalogue = createCatalogue([nodePackage(definition, async () => ({ run: async ({ a }) => ({ number: a }) }))]);
const unused = async () => { throw new Error('the bench does no I/O'); };
const host: EngineHost = {
  fingerprint: unused, preview: unused,
  openNode: () => ({
    session: unused, assets: { read: unused, write: unused, file: unused }, images: { read: unused, write: unused },
    files: { list: unused, read: unused, ref: unused, exists: unused, write: unused }, close: async () => {},
  }),
};
const graphOf = (ids: readonly string[], links: readonly Link[]): Graph => ({
  facewright: 1, name: 'bench', description: '', groups: [], nodes: Object.fromEntries(ids.map((id) => [id, { type: definition.type, version: 1, values: {} }])), links: [...links],
});
const chain = (count: number): Graph => graphOf(
  Array.from({ length: count }, (_, i) => `n${i}`), Array.from({ length: count - 1 }, (_, i) => ({ from: [`n${i}`, 'number'], to: [`n${i + 1}`, 'a'] })));
/** Layers of two nodes, each fed by both of the layer before. */
const diamond = (layers: number): Graph => graphOf(
  Array.from({ length: layers }, (_, i) => [`l${i}`, `r${i}`]).flat(),
  Array.from({ length: layers - 1 }, (_, i): Link[] => ['l', 'r'].flatMap((side): Link[] => [
    { from: [`l${i}`, 'number'], to: [`${side}${i + 1}`, 'a'] }, { from: [`r${i}`, 'number'], to: [`${side}${i + 1}`, 'b'] },
  ])).flat());

/** Median of nine after three to warm up, in milliseconds. */
async function time(act: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    const begun = performance.now();
    await act();
    if (i >= 3) times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[4]!;
}
const print = (name: string, value: number, unit: string) => console.log(JSON.stringify({ name, value: Number(value.toPrecision(4)), unit }));
const fresh = () => ({ catalogue, cache: createMemoryCache(), history: createMemoryHistory(), host, provider: 'cpu' });

async function run(request: ReturnType<typeof fresh>, graph: Graph, target: string): Promise<void> {
  let events = 0;
  const terminal = await executeRun({ ...request, graph, targets: [target], signal: new AbortController().signal, emit: () => { events++; } });
  if (terminal.type !== 'run_succeeded' || events < 1000) throw new Error(`the bench run ended in ${JSON.stringify(terminal)}`);
}
const thousand = chain(1000);
print('engine: run 1,000 chained no-op nodes, first time', await time(() => run(fresh(), thousand, 'n999')), 'ms');
const filled = fresh();
await run(filled, thousand, 'n999');
print('engine: run 1,000 chained no-op nodes, all stored', await time(() => run(filled, thousand, 'n999')), 'ms');
for (const layers of [1250, 2500, 5000]) {
  const graph = diamond(layers);
  print(`engine: plan a diamond of ${layers * 2} nodes`, await time(() => planRun({ ...fresh(), graph, targets: [`l${layers - 1}`] })), 'ms');
}
