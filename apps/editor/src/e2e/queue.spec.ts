import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@facewright/core';
import { silentLog, startServer, type RunningServer } from '@facewright/server';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEditor, hasChromium, openEditor, startBrowser, why, type OpenEditor } from '../../test-support/open-editor.ts';

if (!hasChromium) console.warn(why);

const graph: Graph = {
  facewright: 1,
  name: 'Counting',
  description: '',
  groups: [],
  links: [{ from: ['count', 'value'], to: ['show', 'value'] }],
  nodes: { count: { type: 'test/count', version: 1, values: { steps: 200_000 } }, show: { type: 'test/show', version: 1, values: {} } },
};

describe.skipIf(!hasChromium)('the queue in the editor', () => {
  let folder: string, server: RunningServer, browser: Browser, editor: OpenEditor;
  const open = async (port: number) =>
    startServer({
      port,
      host: '127.0.0.1',
      dataFolder: join(folder, 'data'),
      provider: 'null',
      log: silentLog,
      nodes: new URL('../../../server/src/fixtures/test-nodes.ts', import.meta.url).href,
      templatesFolder: join(folder, 'templates'),
    });
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'editor-queue-'));
    mkdirSync(join(folder, 'templates'));
    writeFileSync(join(folder, 'templates/face-quality-loop.json'), JSON.stringify(graph));
    await buildEditor();
    server = await open(0);
    browser = await startBrowser();
    editor = await openEditor(browser, server.url);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const steps = (value: number) => editor.page.evaluate(`window.facewright.setValue('count', 'steps', ${value})`);
  const rows = async () => (await editor.page.locator('.queue-row.queued .queue-name').allTextContents()).map((text) => text.trim());
  const names = (name: string) => editor.page.evaluate(`window.facewright.renameGraph('${name}')`);

  it('takes graphs while one runs, and lets a person put them in order by keys and pause it', async () => {
    const { page } = editor;
    await page.click('#tab-queue');
    expect(await page.locator('.queue-panel').textContent()).toContain('The queue is empty');
    await page.click('#run');
    await editor.until(({ state }) => state.run?.status === 'running');
    for (const [name, value] of [
      ['second', 3],
      ['third', 4],
    ] as const) {
      await names(name);
      await steps(value);
      await page.keyboard.press('Control+Enter');
      await editor.until(({ state }) => !state.starting);
    }
    await names('front');
    await page.keyboard.press('Control+Shift+Enter');
    await page.click('#tab-queue');
    await editor.until(({ state }) => state.queue.runs.filter(({ status }) => status === 'queued').length === 3);
    expect(await rows()).toEqual(['front', 'second', 'third']);
    expect(await page.locator('.queue-row.running').textContent()).toContain('Counting');
    await page.locator('.queue-row.queued').nth(2).focus();
    await page.keyboard.press('Alt+ArrowUp');
    await editor.until(() => document.querySelectorAll('.queue-row.queued')[1]?.contains(document.activeElement) ?? false);
    expect(await rows()).toEqual(['front', 'third', 'second']);
    await page.keyboard.press('Delete');
    await editor.until(({ state }) => state.queue.runs.filter(({ status }) => status === 'queued').length === 2);
    expect(await rows()).toEqual(['front', 'second']);
    await page.getByRole('button', { name: 'Pause the queue' }).click();
    await editor.until(({ state }) => state.queue.paused);
  });
  it('is the same after the page is loaded again and after the server was restarted, and what ran goes on', async () => {
    const { page } = editor;
    await page.reload();
    await editor.until(({ state }) => state.run?.status === 'running' && state.queue.runs.length === 4);
    await page.click('#tab-queue');
    expect(await rows()).toEqual(['front', 'second']);
    const run = await editor.ask(({ state }) => state.run!.id);
    await server.close();
    await editor.until(({ state }) => state.connection === 'lost');
    expect(await page.locator('.queue-head').textContent()).toContain('Connecting again');
    server = await open(server.port);
    // The one that ran waits with the others, since the queue is paused.
    await editor.until(({ state }) => state.connection === 'online' && state.run?.status === 'queued');
    expect(await rows()).toEqual(['Counting', 'front', 'second']);
    await page.getByRole('button', { name: 'Go on' }).click();
    await editor.until(({ state }) => state.run?.status === 'running');
    expect(await editor.ask(({ state }) => state.run!.id)).toBe(run);
    expect(await editor.ask(({ state }) => state.run!.missed)).toBe(false);
    await page.click('#cancel');
    await editor.until(({ state }) => state.queue.runs.every(({ finished }) => finished !== null));
    expect(editor.complaints).toEqual([]);
  });
  it('queues a graph once although the connection was lost before the answer', async () => {
    const { page } = editor;
    const before = await editor.ask(({ state }) => state.queue.runs.length);
    const sent: string[] = [];
    await page.route('**/api/v1/runs', async (route) => {
      sent.push(route.request().postData()!);
      const response = await route.fetch();
      if (sent.length === 1) await route.abort();
      else await route.fulfill({ response });
    });
    await steps(5);
    await page.keyboard.press('Control+Enter');
    await editor.until(({ state }) => !state.starting && state.run?.status === 'succeeded');
    await page.unroute('**/api/v1/runs');
    expect(sent).toHaveLength(2);
    expect(sent[1]).toBe(sent[0]);
    expect(await editor.ask(({ state }) => state.queue.runs.length)).toBe(before + 1);
  });
  it('shows a batch among the runs where its rows go, puts it first, and leads to it', async () => {
    const { page } = editor;
    await page.evaluate(`window.facewright.queue.pause(true)`);
    await editor.until(({ state }) => state.queue.paused);
    const data = { rows: [{ steps: 2 }, { steps: 3 }, { steps: 4 }] };
    const posted = await fetch(`${server.url}/api/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ graph, name: 'three rows', data, map: { steps: 'count.steps' } }),
    });
    expect(posted.status).toBe(201);
    await names('single');
    await page.keyboard.press('Control+Enter');
    await page.click('#tab-queue');
    await editor.until(() => document.querySelectorAll('.queue-row.queued').length === 2);
    expect(await rows()).toEqual(['single', 'three rows']);
    const batch = page.locator('.batch-waits');
    expect(await batch.textContent()).toMatch(/0 of 3 rows.*priority -10/s);
    await batch.getByRole('button', { name: 'Run first' }).click();
    await editor.until(() => document.querySelector('.queue-row.queued')?.classList.contains('batch-waits') ?? false);
    await page.getByRole('button', { name: 'Pause three rows' }).click();
    const paused = page.getByRole('list', { name: 'Paused batches' });
    await paused.waitFor();
    expect(await rows()).toEqual(['single']);
    await paused.getByRole('button', { name: 'Continue' }).click();
    await editor.until(() => document.querySelectorAll('.queue-row.queued').length === 2);
    expect(await rows()).toEqual(['three rows', 'single']);
    await page.evaluate(`window.facewright.queue.pause(false)`);
    await editor.until(({ batches, state }) => batches.list[0]?.status === 'finished' && state.queue.runs[0]?.status === 'succeeded');
    const runs = (await (await fetch(`${server.url}/api/v1/runs?limit=1`)).json()) as { runs: { finished: string }[] };
    const { batches } = (await (await fetch(`${server.url}/api/v1/batches`)).json()) as { batches: { finished: string }[] };
    expect(Date.parse(batches[0]!.finished)).toBeLessThanOrEqual(Date.parse(runs.runs[0]!.finished));
    await page.evaluate(`window.facewright.batches.show(window.facewright.batches.list[0].id)`);
    expect(await page.locator('.batch-title').textContent()).toContain('three rows');
  });
  it('shows the runs that were queued here one after the other, and a failed one with its message, to try again', async () => {
    const { page } = editor;
    await editor.page.evaluate(`window.facewright.queue.pause(true)`);
    await editor.until(({ state }) => state.queue.paused);
    await page.click('#run');
    await editor.until(({ state }) => state.run?.status === 'queued');
    await steps(7);
    await page.click('#run');
    await editor.until(({ state }) => state.queue.runs.filter(({ status }) => status === 'queued').length === 2);
    const last = await editor.ask(({ state }) => state.queue.runs[0]!.id);
    await editor.page.evaluate(`window.facewright.queue.pause(false)`);
    await page.waitForSelector('.toast, .toasts');
    await editor.until(({ state }) => state.run?.status === 'succeeded' && state.run.id === state.queue.runs[0]!.id);
    expect(await editor.ask(({ state }) => state.run!.id)).toBe(last);
    const broken: Graph = { ...graph, name: 'broken', nodes: { ...graph.nodes, count: { type: 'test/fail', version: 1, values: {} } } };
    const submit = await fetch(`${server.url}/api/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ graph: broken }),
    });
    expect(submit.status).toBe(201);
    await page.click('#tab-queue');
    const row = page.locator('.queue-row.failed');
    await row.waitFor();
    expect(await row.textContent()).toContain('out of paint');
    await row.getByRole('button', { name: 'Retry' }).click();
    await editor.until(({ state }) => state.queue.runs[0]!.retryOf !== null && state.queue.runs[0]!.status === 'failed');
    expect(await row.count()).toBe(1);
  });
});
