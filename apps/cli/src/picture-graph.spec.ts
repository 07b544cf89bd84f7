import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphOfPicture, isTerminal, type RunEventBody } from '@facewright/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLocalSource } from './local-source.ts';
import { runCommand } from './run-command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'picture-graph-spec-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/** Runs a graph with a data folder of its own, so that nothing is taken from a cache; gives the folder of the outputs. */
async function run(name: string, path: string, settings: readonly string[] = []): Promise<string> {
  const out = join(folder, name);
  let last: RunEventBody | undefined;
  await runCommand({
    path,
    settings,
    out,
    open: () => openLocalSource({ dataFolder: join(folder, `${name}-data`), provider: 'cpu', memory: 'auto', out, log: () => {} }),
    show: (event) => {
      if (isTerminal(event)) last = event;
    },
    saved: () => {},
    complain: () => {},
    signal: new AbortController().signal,
  });
  expect(last).toMatchObject({ type: 'run_succeeded' });
  return out;
}

it('a saved picture brings back the graph that draws it again, byte for byte', async () => {
  const drawing = join(folder, 'drawing.json');
  const nodes = {
    model: { type: 'facewright/load-diffusion', version: 1, values: {} },
    words: { type: 'facewright/prompts', version: 1, values: { text: 'a woman with red hair\na man with a hat' } },
    draw: { type: 'facewright/sampler', version: 1, values: { steps: 4 } },
    save: { type: 'facewright/save-image', version: 1, values: {} },
  };
  const links = [
    { from: ['model', 'model'], to: ['draw', 'model'] },
    { from: ['words', 'prompts'], to: ['draw', 'prompts'] },
    { from: ['draw', 'images'], to: ['save', 'images'] },
  ];
  writeFileSync(drawing, JSON.stringify({ facewright: 1, nodes, links }));
  const first = await run('first', drawing, ['draw.seed=77']);
  const { files } = JSON.parse(readFileSync(join(first, 'run.json'), 'utf8')) as { files: Record<string, string> };
  const pictures = Object.values(files).filter((file) => file.endsWith('.png'));
  expect(pictures).toHaveLength(2);

  const { graph } = graphOfPicture(readFileSync(join(first, pictures[0]!)));
  expect(graph!.nodes['draw']!.values).toMatchObject({ steps: 4, seed: 77 });
  const restored = join(folder, 'restored.json');
  writeFileSync(restored, JSON.stringify(graph));
  const again = await run('again', restored);
  for (const file of pictures) expect(readFileSync(join(again, file)).equals(readFileSync(join(first, file))), file).toBe(true);

  const other = await run('other', restored, ['draw.steps=5']);
  expect(readFileSync(join(other, pictures[0]!)).equals(readFileSync(join(first, pictures[0]!)))).toBe(false);
}, 120_000);
