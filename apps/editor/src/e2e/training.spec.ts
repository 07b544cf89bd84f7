import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@facewright/core';
import type { RunningServer } from '@facewright/server';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, openEditor, startBrowser, why } from '../../test-support/open-editor.ts';
import { serveGraph } from './serve-graph.ts';

if (!hasChromium) console.warn(why);

/** More steps than this spec takes; a curve of no more points is shown whole when the training goes on. */
const steps = 900;
const training: Graph = {
  facewright: 1,
  name: 'Training',
  description: 'A training to pause and to stop.',
  groups: [],
  nodes: {
    load: { type: 'facewright/load-diffusion', version: 2, values: { path: 'models/tiny-faces' } },
    faces: { type: 'facewright/toy-faces', version: 1, values: { count: 8, promptCount: 1 } },
    train: { type: 'facewright/fine-tune', version: 1, values: { steps, batch: 1, mode: 'lora', rank: 1, warmUp: 0 } },
    draw: { type: 'facewright/sampler', version: 1, values: { steps: 2 } },
    save: { type: 'facewright/save-image', version: 1, values: {} },
  },
  links: [
    { from: ['load', 'model'], to: ['train', 'model'] },
    { from: ['faces', 'images'], to: ['train', 'images'] },
    { from: ['train', 'model'], to: ['draw', 'model'] },
    { from: ['faces', 'prompts'], to: ['draw', 'prompts'] },
    { from: ['draw', 'images'], to: ['save', 'images'] },
  ],
};

describe.skipIf(!hasChromium)('a training in a browser, on the real server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facewright-training-'));
  let browser: Browser;
  let server: RunningServer;
  beforeAll(async () => {
    server = await serveGraph(folder, 'cpu', training);
    browser = await startBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close(0);
    rmSync(folder, { recursive: true, force: true });
  });

  it('is paused and goes on, is stopped with what it has, and goes on from there with its curve when it is run again', async () => {
    const { page, ask, until, complaints } = await openEditor(browser, server.url);
    const run = page.getByRole('button', { name: 'Run', exact: true });
    const pause = page.locator('#pause');
    const stop = page.locator('#stop');
    const done = () => ask(({ state }) => state.run?.nodes.get('train')?.done ?? 0);
    await run.click();
    await page.getByRole('tab', { name: /Progress/ }).click();
    await until(({ state }) => (state.run?.nodes.get('train')?.done ?? 0) > 5, 120_000);
    expect(await stop.isEnabled()).toBe(true);

    await pause.click();
    await until(({ state }) => state.run?.status === 'paused');
    const at = await done();
    expect(await pause.textContent()).toContain('Continue');
    expect(await page.locator('.node-row.running .node-status').textContent()).toBe(`paused at ${at} of 900`);
    // A page that is opened while the run is paused can let it go on.
    await page.reload();
    await until(({ state }) => state.ready && state.run?.status === 'paused');
    await page.getByRole('tab', { name: /Progress/ }).click();
    expect(await done()).toBe(at);
    await page.keyboard.press('Control+Alt+Enter');
    await until(({ state }) => state.run?.status === 'running');
    expect(await pause.textContent()).toContain('Pause');

    await stop.click();
    await until(({ state }) => state.run?.status === 'succeeded' || state.run?.status === 'failed', 60_000);
    expect(await ask(({ state }) => [state.run?.status, state.run?.problems])).toEqual(['succeeded', []]);
    expect(await page.locator('.node-row.unfinished').allTextContents()).toEqual([
      expect.stringMatching(/Fine-tune.*unfinished.*\d+ of 900 steps/s),
      expect.stringMatching(/Sampler.*unfinished.*made from what node train had/s),
      expect.stringMatching(/Save.*unfinished/s),
    ]);
    expect(await pause.count()).toBe(0);
    const points = await ask(({ state }) => state.run?.curves.get('train loss')?.steps.length ?? 0);

    await run.click();
    await until(
      ({ state }) => (state.run?.nodes.get('train')?.logs.length ?? 0) > 0 && (state.run?.nodes.get('train')?.done ?? 0) > 0,
      60_000,
    );
    const kept = await ask(({ state }) =>
      Number(/^goes on at step (\d+) of/.exec(state.run?.nodes.get('train')?.logs[0]?.message ?? '')?.[1]),
    );
    expect(kept).toBe(points);
    const curve = await ask(({ state }) => state.run?.curves.get('train loss')?.steps ?? []);
    expect([curve[0], curve.length > kept]).toEqual([0, true]);
    expect(await ask(({ state }) => [...(state.run?.curves.keys() ?? [])])).toEqual([
      'train loss',
      'train learning_rate',
      'train gradient_norm',
    ]);
    await page.locator('#cancel').click();
    await until(({ state }) => state.run?.status === 'cancelled');
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);
});
