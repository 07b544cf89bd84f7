import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@facewright/core';
import type { RunningServer } from '@facewright/server';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, openEditor, startBrowser, why } from '../../test-support/open-editor.ts';
import { smallLoop } from '@facewright/testing';
import { serveGraph } from './serve-graph.ts';

if (!hasChromium) console.warn(why);

describe.skipIf(!hasChromium)('the face-quality loop in a browser, on the real server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facewright-loop-'));
  let browser: Browser;
  let server: RunningServer;
  beforeAll(async () => {
    // The shipped template with smaller numbers: every node computes.
    const template = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../templates/face-quality-loop.json'), 'utf8')) as Graph;
    for (const [id, values] of Object.entries(smallLoop)) Object.assign(template.nodes[id]!.values, values);
    server = await serveGraph(folder, 'cpu', template);
    browser = await startBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close(0);
    rmSync(folder, { recursive: true, force: true });
  });

  it('runs from a click to the report, with pictures and curves on the way, and the second time recomputes nothing', async () => {
    const editor = await openEditor(browser, server.url);
    const { page, ask, until, complaints } = editor;
    expect(await ask(({ state }) => state.nodeCount)).toBe(16);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await until(({ state }) => state.run?.status === 'succeeded' || state.run?.status === 'failed', 240_000);
    expect(await ask(({ state }) => [state.run?.status, state.run?.problems])).toEqual(['succeeded', []]);
    await page.getByRole('tab', { name: /Report/ }).click();
    const report = page.frameLocator('iframe');
    await report.getByText('What changed, against Base').waitFor({ timeout: 20_000 });
    expect(await report.locator('img').count()).toBeGreaterThan(10);
    await page.getByRole('tab', { name: /Curves/ }).click();
    expect(await page.locator('.uplot').count()).toBeGreaterThanOrEqual(3);
    await page.getByRole('tab', { name: /Gallery/ }).click();
    expect(await page.locator('[role=tabpanel] img').count()).toBeGreaterThan(6);

    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await until(
      ({ state }) => state.run?.status === 'succeeded' && Object.values(state.run.nodes).every((node) => node.status === 'cached'),
      30_000,
    );
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
