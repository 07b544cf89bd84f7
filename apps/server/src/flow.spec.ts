import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseGraph, type RunEventBody } from '@facewright/core';
import { executeRun } from '@facewright/engine';
import { createRuntime } from '@facewright/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder, type DataFolder } from './data/data-folder.ts';
import { loadNodes } from './load-nodes.ts';
import { createLocalHost } from './local-host.ts';

let folder: string, data: DataFolder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flow-spec-'));
  data = openDataFolder(folder);
});
afterEach(() => {
  data.close();
  rmSync(folder, { recursive: true });
});
async function run(nodes: Record<string, [type: string, values?: Record<string, unknown>]>, targets: string[], ...links: string[]) {
  const { graph } = parseGraph({
    facewright: 1,
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([id, [type, values = {}]]) => [id, { type: `facewright/${type}`, version: 1, values }]),
    ),
    links: links.map((link) => {
      const [from, to] = link.split(' ').map((end) => end.split('.'));
      return { from, to };
    }),
  });
  const runtime = await createRuntime({ provider: 'null' });
  const events: RunEventBody[] = [];
  const terminal = await executeRun({
    graph: graph!,
    targets,
    catalogue: await loadNodes(),
    cache: data.cache,
    history: data.history,
    host: createLocalHost({ data, runtime, outputFolder: join(folder, 'out') }),
    provider: 'null',
    signal: new AbortController().signal,
    emit: (event) => void events.push(event),
  });
  data.flush();
  await runtime.dispose();
  return { terminal, started: events.flatMap((event) => (event.type === 'node_started' ? [event.node] : [])), events };
}

describe('the flow nodes in a data folder', () => {
  const filter = () =>
    run(
      { count: ['count', { times: 5 }], big: ['compare', { b: 3 }], gate: ['gate', { reason: 'too small' }], sum: ['sum-up'] },
      ['sum'],
      'count.number big.a',
      'count.number gate.value',
      'big.result gate.open',
      'gate.value sum.numbers',
    );
  it('run for each item, leave out what a gate holds back, and collect the rest', async () => {
    const { terminal, events } = await filter();
    expect(terminal).toMatchObject({ type: 'run_succeeded', outputs: { sum: { count: 3, sum: 12, mean: 4, least: 3, greatest: 5 } } });
    expect(events.filter(({ type }) => type === 'item_finished')).toHaveLength(10);
    const again = await filter();
    expect([again.started, again.terminal]).toMatchObject([[], { outputs: { sum: { sum: 12 } } }]);
  });
  it('save a file for each item, also where the pictures have the same name', async () => {
    const { terminal } = await run(
      { share: ['count', { from: 0, step: 0.5, times: 3 }], draw: ['toy-faces', { count: 1 }], save: ['save-image', { prefix: 'all/' }] },
      ['save'],
      'share.number draw.deformed',
      'draw.images save.images',
    );
    expect(terminal.type).toBe('run_succeeded');
    expect(readdirSync(join(folder, 'out', 'all')).sort()).toEqual(['toy-1-0-2.png', 'toy-1-0-3.png', 'toy-1-0.png']);
  });
  it('leave out the branch that is not switched on', async () => {
    const { terminal, started } = await run(
      {
        a: ['lines', { text: 'one\ntwo' }],
        b: ['lines', { text: 'three' }],
        pick: ['switch', { on: false }],
        join: ['join-texts', { between: ' + ' }],
      },
      ['join'],
      'a.line pick.yes',
      'b.line pick.no',
      'pick.value join.texts',
    );
    expect(terminal).toMatchObject({ outputs: { join: { text: 'three' } } });
    expect(started).toEqual(['b', 'pick', 'join']);
  });
  it('draw for each prompt and collect the pictures', async () => {
    const { terminal } = await run(
      {
        model: ['load-diffusion'],
        prompts: ['prompts', { text: 'a face\nanother face\na third face' }],
        each: ['each-prompt'],
        draw: ['sampler', { steps: 1 }],
        all: ['collect-pictures'],
      },
      ['all'],
      'model.model draw.model',
      'prompts.prompts each.prompts',
      'each.prompt draw.prompts',
      'draw.images all.images',
    );
    expect(
      terminal.type === 'run_succeeded' && (terminal.outputs['all']!['images'] as { caption: string }[]).map(({ caption }) => caption),
    ).toEqual(['a face', 'another face', 'a third face']);
  });
});
