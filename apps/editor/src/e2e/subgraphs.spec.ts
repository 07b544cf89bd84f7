import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@facewright/core';
import type { RunningServer } from '@facewright/server';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, openEditor, startBrowser, why, type OpenEditor } from '../../test-support/open-editor.ts';
import { serveGraph } from './serve-graph.ts';

if (!hasChromium) console.warn(why);

const drawing: Graph = {
  facewright: 1,
  name: 'Drawing',
  description: '',
  groups: [],
  nodes: {
    load: { type: 'facewright/load-diffusion', version: 2, values: { path: 'models/tiny-faces' }, position: [0, 0] },
    faces: { type: 'facewright/toy-faces', version: 1, values: { count: 2, promptCount: 1 }, position: [0, 260] },
    draw: { type: 'facewright/sampler', version: 1, values: { steps: 2 }, position: [330, 0] },
    show: { type: 'facewright/preview', version: 1, values: {}, position: [680, 0] },
    toys: { type: 'facewright/preview', version: 1, values: {}, position: [680, 320] },
  },
  links: [
    { from: ['load', 'model'], to: ['draw', 'model'] },
    { from: ['faces', 'prompts'], to: ['draw', 'prompts'] },
    { from: ['draw', 'images'], to: ['show', 'images'] },
    { from: ['faces', 'images'], to: ['toys', 'images'] },
  ],
};

describe.skipIf(!hasChromium)('subgraphs and modes in a browser, on the real server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facewright-subgraphs-'));
  let browser: Browser;
  let server: RunningServer;
  beforeAll(async () => {
    server = await serveGraph(folder, 'cpu', drawing);
    browser = await startBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close(0);
    rmSync(folder, { recursive: true, force: true });
  });
  /** For looking at, where `SHOTS` names a folder. */
  const shoot = async (page: Page, name: string): Promise<void> => {
    const shots = process.env['SHOTS'];
    if (!shots) return;
    mkdirSync(shots, { recursive: true });
    await page.evaluate('new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(() => go())))');
    await page.screenshot({ path: join(shots, `${name}.png`) });
  };
  const select = ({ page }: OpenEditor, ...ids: string[]) =>
    page.evaluate(`window.facewright.canvas.select(${JSON.stringify(ids)}); window.facewright.canvas.focusElement()`);
  const recorded = ({ page }: OpenEditor) => page.evaluate('new Promise((go) => setTimeout(go, 400))');
  const ended = ({ until }: OpenEditor) => until(({ state }) => ['succeeded', 'failed'].includes(state.run?.status ?? ''), 60_000);
  const statuses = ({ ask }: OpenEditor) => ask(({ state }) => [...(state.run?.nodes ?? [])].map(([id, { status }]) => `${id} ${status}`));

  it('a subgraph is made, opened, given a field, run, undone and redone, and is there after a reload', async () => {
    const editor = await openEditor(browser, server.url);
    const { page, ask, until } = editor;
    await select(editor, 'load', 'draw');
    await page.keyboard.press('Control+Shift+E');
    await until(({ state }) => state.selection[0] === 'subgraph');
    expect(await ask(({ canvas }) => Object.keys(canvas.read().nodes).sort())).toEqual(['faces', 'show', 'subgraph', 'toys']);
    await shoot(page, '1-made');

    await page.keyboard.press('Enter');
    await page.waitForSelector('.breadcrumb');
    expect(
      await ask(({ canvas }) =>
        canvas
          .nodes()
          .map(({ id }) => id)
          .sort(),
      ),
    ).toEqual(['draw', 'load']);
    await page.getByRole('textbox', { name: 'Name of the subgraph' }).fill('Portraits');
    await page.keyboard.press('Enter');
    await select(editor, 'draw');
    await page.getByRole('checkbox', { name: 'steps', exact: true }).check();
    await until(({ canvas }) => 'steps' in (canvas.shown?.ports.inputs ?? {}));
    await shoot(page, '2-inside-selected');
    await page.evaluate('window.facewright.canvas.select([])');
    await page.getByRole('textbox', { name: 'Name of steps outside' }).fill('effort');
    await page.keyboard.press('Tab');
    await until(({ canvas }) => 'effort' in (canvas.shown?.ports.inputs ?? {}));
    await page.evaluate('window.facewright.canvas.focusElement()');
    await shoot(page, '3-inside');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.breadcrumb', { state: 'detached' });
    expect(
      await ask(({ canvas }) => [canvas.node('subgraph')?.title, canvas.node('subgraph')?.description?.inputs.map(({ name }) => name)]),
    ).toEqual(['Portraits', ['prompts', 'effort']]);
    await page.evaluate("window.facewright.setValue('subgraph', 'effort', 1)");

    await page.keyboard.press('Control+Enter');
    await ended(editor);
    expect(await statuses(editor)).toEqual(expect.arrayContaining(['subgraph:load done', 'subgraph:draw done', 'show done']));
    expect(await page.locator('.node-row .node-title').allTextContents()).toContain('Portraits › Sampler');
    await shoot(page, '4-run');
    await page.locator('.node-row', { hasText: 'Portraits › Sampler' }).click();
    await until(({ state }) => state.shown === 'subgraph' && state.selection[0] === 'draw');
    await shoot(page, '5-run-inside');
    await page.evaluate('window.facewright.canvas.focusElement()');
    await page.keyboard.press('Escape');

    await recorded(editor);
    const whole = await ask(({ canvas }) => canvas.read());
    await page.waitForSelector('.breadcrumb', { state: 'detached' });
    for (let left = 20; left > 0 && (await ask(({ state }) => state.canUndo)); left--) await page.keyboard.press('Control+z');
    expect(await ask(({ canvas }) => [Object.keys(canvas.read().nodes), canvas.read().subgraphs])).toEqual([
      Object.keys(drawing.nodes),
      undefined,
    ]);
    for (let left = 20; left > 0 && (await ask(({ state }) => state.canRedo)); left--) await page.keyboard.press('Control+Shift+z');
    expect(await ask(({ canvas }) => canvas.read())).toEqual(whole);
    await page.reload();
    await until(({ state }) => state.ready);
    expect(await ask(({ canvas }) => canvas.read())).toEqual(whole);
    expect(editor.complaints).toEqual([]);
    await page.context().close();
  }, 120_000);

  it('nodes are muted and bypassed by keys, and what cannot do without a muted one is shown as skipped and does not run', async () => {
    const editor = await openEditor(browser, server.url);
    const { page, ask, until } = editor;
    await select(editor, 'load');
    await page.keyboard.press('Control+m');
    await until(({ state }) => state.skipped.size > 0);
    expect(await ask(({ state }) => [...state.skipped])).toEqual([
      ['draw', 'Load diffusion model'],
      ['show', 'Load diffusion model'],
    ]);
    await shoot(page, '6-muted');
    await page.keyboard.press('Control+Enter');
    await ended(editor);
    expect(await ask(({ state }) => [state.run?.status, [...(state.run?.nodes.keys() ?? [])].sort()])).toEqual([
      'succeeded',
      ['faces', 'toys'],
    ]);
    await page.keyboard.press('Control+m');
    await select(editor, 'draw');
    await page.keyboard.press('Control+b');
    await recorded(editor);
    expect(
      await ask(({ canvas, state }) => [canvas.read().nodes['load']?.mode, canvas.read().nodes['draw']?.mode, state.skipped.size]),
    ).toEqual([undefined, 'bypassed', 0]);
    await shoot(page, '7-bypassed');
    await page.keyboard.press('Control+Enter');
    await until(({ state }) => state.showProblems);
    expect(await ask(({ state }) => state.problems.map(({ code, node, port }) => [code, node, port]))).toEqual([
      ['CORE_BYPASSED', 'show', 'images'],
    ]);
    expect(editor.complaints).toEqual([]);
    await page.context().close();
  }, 120_000);

  it('a run goes only to the selected node, also inside a repeated subgraph', async () => {
    const editor = await openEditor(browser, server.url);
    const { page, ask, until } = editor;
    await select(editor, 'toys');
    await page.keyboard.press('Shift+Enter');
    await ended(editor);
    expect(await ask(({ state }) => [...(state.run?.nodes.keys() ?? [])].sort())).toEqual(['faces', 'toys']);
    await select(editor, 'draw');
    await page.keyboard.press('Control+Shift+E');
    await until(({ state }) => state.selection[0] === 'subgraph');
    await page.getByRole('spinbutton', { name: 'Rounds' }).fill('2');
    await page.keyboard.press('Tab');
    await page.getByRole('combobox', { name: 'Images goes on as' }).waitFor();
    await shoot(page, '8-repeated');
    await page.evaluate("window.facewright.canvas.enter('subgraph')");
    await select(editor, 'draw');
    await page.keyboard.press('Shift+Enter');
    await until(({ state }) => Boolean(state.run?.nodes.has('subgraph#2:draw')) && state.run?.status === 'succeeded', 60_000);
    expect((await statuses(editor)).map((text) => text.split(' ')[0]).sort()).toEqual(['faces', 'load', 'subgraph#2:draw']);
    expect(editor.complaints).toEqual([]);
    await page.context().close();
  }, 120_000);

  it('copied, a subgraph comes along; unpacked, its nodes are back; it cannot stand in itself', async () => {
    const editor = await openEditor(browser, server.url);
    const { page, ask, until } = editor;
    await select(editor, 'load', 'draw');
    await page.keyboard.press('Control+Shift+E');
    await until(({ state }) => state.selection[0] === 'subgraph');
    await page.keyboard.press('Control+c');
    await page.keyboard.press('Control+v');
    await until(({ canvas }) => canvas.nodes().filter(({ subgraph }) => subgraph === 'subgraph').length === 2);
    await page.evaluate("window.facewright.canvas.enter('subgraph')");
    await page.evaluate('window.facewright.canvas.focusElement()');
    await page.keyboard.press('Control+v');
    await page.waitForSelector('.toast.bad');
    expect(await page.locator('.toast.bad').textContent()).toContain('contains what is open here');
    await page.keyboard.press('Escape');
    await page.evaluate("window.facewright.canvas.unpack('subgraph')");
    expect(
      await ask(({ canvas }) =>
        Object.entries(canvas.read().nodes)
          .map(([id, { type }]) => `${id} ${type}`)
          .sort(),
      ),
    ).toEqual([
      'draw facewright/sampler',
      'faces facewright/toy-faces',
      'load facewright/load-diffusion',
      'show facewright/preview',
      'subgraph-2 subgraph/subgraph',
      'toys facewright/preview',
    ]);
    expect(await ask(({ canvas }) => canvas.read().links.length)).toBe(4);
    expect(editor.complaints).toEqual([]);
    await page.context().close();
  }, 120_000);
});
