import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphSchema, withPictureGraph, withPngText } from '@facewright/core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeLoop } from '../../test-support/fake-nodes.ts';
import { startFakeServer, type FakeServer } from '../../test-support/fake-server.ts';
import { buildEditor, hasChromium, startBrowser, why, withEditor, type OpenEditor } from '../../test-support/open-editor.ts';

if (!hasChromium) console.warn(why);

/** One grey pixel. */
const emptyPng = new Uint8Array(
  Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==', 'base64'),
);

describe.skipIf(!hasChromium)('the editor in a browser', () => {
  let browser: Browser;
  let server: FakeServer;
  beforeAll(async () => {
    await buildEditor();
    server = await startFakeServer({ pace: 0.05 });
    browser = await startBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const inEditor = (
    work: (editor: OpenEditor) => Promise<void>,
    { size, url = server.url }: { size?: { width: number; height: number }; url?: string } = {},
  ) => withEditor(browser, url, work, size);
  const slot = async ({ page }: OpenEditor, node: string, port: string, side: 'input' | 'output') =>
    (await page.evaluate(`window.facewright.canvas.slotAt('${node}', '${port}', '${side}')`)) as { x: number; y: number };
  async function drag(page: Page, from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 4 });
    await page.mouse.move(to.x, to.y, { steps: 4 });
  }
  const open = async (editor: OpenEditor, graph: unknown) => {
    await editor.page.evaluate(`window.facewright.openFile(new File([${JSON.stringify(JSON.stringify(graph))}], 'g.json'))`);
    // Fields get their place when the canvas is drawn, which is up to two frames later.
    await editor.page.evaluate('new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(() => go())))');
  };
  const graphOf = (nodes: Record<string, unknown>, links: readonly unknown[] = []) => ({
    facewright: 1,
    name: 'Small',
    description: '',
    nodes,
    links,
    groups: [],
  });
  const node = (type: string, position: readonly [number, number]) => ({ type: `facewright/${type}`, version: 1, values: {}, position });

  it('opens with the loop template, without a complaint about the content security policy', () =>
    inEditor(async (editor) => {
      expect(await editor.ask(({ state }) => [state.graphName, state.nodeCount, state.connection])).toEqual([
        'Face quality loop',
        Object.keys(fakeLoop.nodes).length,
        'online',
      ]);
      expect(await editor.page.locator('.palette-node').count()).toBe(11);
    }));

  it('runs from a click to the report: progress, curves, pictures, then everything from the cache', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await page.click('#run');
      await page.waitForSelector('#cancel');
      await editor.until(({ state }) => state.run?.status === 'succeeded');
      await page.waitForSelector('#tab-report[aria-selected="true"]');
      expect(await page.frameLocator('.report iframe').locator('h1').textContent()).toBe('Did the faces get better?');
      await page.click('#tab-curves');
      expect(await page.locator('fw-loss-chart canvas').count()).toBe(3);
      await page.click('#tab-gallery');
      const thumbnails = page.locator('.thumbnail img');
      expect(await thumbnails.count()).toBe(84);
      expect(await thumbnails.first().evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(64);
      await page.locator('.thumbnail').first().click();
      expect(await page.locator('dialog.lightbox .caption').textContent()).toContain('beard');
      await page.keyboard.press('Escape');
      await page.waitForSelector('dialog', { state: 'detached' });

      await page.keyboard.press('Control+Enter');
      await editor.until(
        ({ state }) => state.run?.status === 'succeeded' && [...state.run.nodes.values()].every(({ status }) => status === 'cached'),
      );
      await page.click('#tab-progress');
      expect(await page.locator('.node-row').first().textContent()).toContain('the same inputs gave this before');
      await page.click('#tab-history');
      expect(await page.locator('.history-row').count()).toBeGreaterThanOrEqual(2);
    }));

  it('misses nothing of a run while the connection is lost, and says that it is', () =>
    inEditor(async (editor) => {
      await editor.page.evaluate("window.facewright.setValue('draw', 'seed', 1001)");
      await editor.page.click('#run');
      await editor.until(({ state }) => (state.run?.seq ?? 0) > 20);
      server.dropConnections();
      await editor.page.waitForSelector('.connection.lost');
      await editor.until(({ state }) => state.connection === 'online' && state.run?.status === 'succeeded');
      const [id, seq] = await editor.ask(({ state }) => [state.run?.id ?? '', state.run?.seq ?? 0] as const);
      expect(seq).toBe(server.runs.get(id)?.events.length);
      const points = await editor.ask(({ state }) => state.run?.curves.get('train loss')?.steps.length);
      expect(points).toBe(120);
    }));

  it('cancels, and marks what was not run', async () => {
    const slow = await startFakeServer({ pace: 1 });
    await inEditor(
      async (editor) => {
        await editor.page.click('#run');
        await editor.until(({ state }) => state.run?.nodes.get('draw')?.status === 'running');
        await editor.page.click('#cancel');
        await editor.until(({ state }) => state.run?.status === 'cancelled');
        await editor.page.waitForSelector('#run');
        expect(await editor.ask(({ state }) => state.run?.nodes.get('evaluate')?.status)).toBe('stopped');
      },
      { url: slow.url },
    );
    await slow.close();
  });

  it('shows the failure of a node with its message', () =>
    inEditor(async (editor) => {
      await editor.page.evaluate("window.facewright.setValue('faces', 'confidence', 0.99)");
      await editor.page.click('#run');
      await editor.until(({ state }) => state.run?.status === 'failed');
      await editor.page.click('#tab-problems');
      expect(await editor.page.locator('.problem').first().textContent()).toContain('expected at least one face');
    }));

  it('lists all problems of a graph at once, and a click leads to the node', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await open(
        editor,
        graphOf({
          draw: node('sampler', [0, 0]),
          judge: node('evaluator', [400, 0]),
          odd: { type: 'someone/unknown', version: 2, values: {}, position: [0, 500] },
        }),
      );
      await page.click('#run');
      await page.waitForSelector('#tab-problems[aria-selected="true"]');
      expect(await page.locator('.problem').count()).toBe(6);
      await page.locator('.problem', { hasText: 'Evaluator' }).first().click();
      expect(await editor.ask(({ state }) => state.selection)).toEqual(['judge']);
      expect(await page.locator('.inspector h2').textContent()).toBe('Evaluator');
    }));

  it('checks a link while it is dragged and refuses a wrong one with the reason', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await open(editor, graphOf({ load: node('load-diffusion', [0, 0]), draw: node('sampler', [400, 0]) }));
      await drag(page, await slot(editor, 'load', 'model', 'output'), await slot(editor, 'draw', 'prompts', 'input'));
      expect(await page.locator('.hint.refusal').textContent()).toContain('expected prompts, got a diffusion model');
      await page.mouse.up();
      expect(await page.locator('.toast.bad').textContent()).toContain('expected prompts, got a diffusion model');
      expect(await editor.ask(({ canvas }) => canvas.read().links)).toEqual([]);
      await drag(page, await slot(editor, 'load', 'model', 'output'), await slot(editor, 'draw', 'model', 'input'));
      await page.mouse.up();
      expect(await editor.ask(({ canvas }) => canvas.read().links)).toEqual([{ from: ['load', 'model'], to: ['draw', 'model'] }]);
    }));

  it('offers fitting nodes for a link dropped on nothing, joins the chosen one, and takes it back', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await open(editor, graphOf({ score: node('load-face-score', [0, 0]) }));
      const from = await slot(editor, 'score', 'model', 'output');
      await drag(page, from, { x: from.x + 200, y: from.y + 60 });
      await page.mouse.up();
      await page.waitForSelector('.search-box');
      expect(await page.locator('.search-box .found-title').allTextContents()).toEqual(['Evaluator', 'Pair set']);
      await page.keyboard.type('pair');
      await page.keyboard.press('Enter');
      await editor.until(({ state }) => state.nodeCount === 2);
      expect(await editor.ask(({ canvas }) => canvas.read().links)).toEqual([{ from: ['score', 'model'], to: ['pair-set', 'scorer'] }]);
      await page.keyboard.press('Control+z');
      expect(await editor.ask(({ state }) => state.nodeCount)).toBe(1);
      await page.keyboard.press('Control+Shift+z');
      expect(await editor.ask(({ state }) => state.nodeCount)).toBe(2);
    }));

  it('adds a node at the pointer with Tab, and copies, pastes, selects all and deletes by keys', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await open(editor, graphOf({}));
      await page.locator('.stage-canvas canvas').focus();
      await page.mouse.move(700, 300);
      await page.keyboard.press('Tab');
      await page.keyboard.type('sampl');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Control+c');
      await page.keyboard.press('Control+v');
      expect(await editor.ask(({ canvas }) => Object.keys(canvas.read().nodes))).toEqual(['sampler', 'sampler-2']);
      await page.keyboard.press('Tab');
      await page.keyboard.type('sampl');
      await page.keyboard.press('Enter');
      const places = await editor.ask(({ canvas }) => Object.values(canvas.read().nodes).map(({ position }) => String(position)));
      expect([places.length, new Set(places).size]).toEqual([3, 3]);
      await page.keyboard.press('Control+a');
      await page.keyboard.press('Delete');
      expect(await editor.ask(({ canvas }) => Object.keys(canvas.read().nodes))).toEqual([]);
    }));

  it('takes a value typed into a field of a node, and says why a bad one is not taken', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await open(editor, graphOf({ draw: node('sampler', [0, 0]) }));
      const steps = async (): Promise<unknown> => editor.ask(({ canvas }) => canvas.read().nodes['draw']?.values['steps']);
      const box = (await page.evaluate("window.facewright.canvas.boxOf('draw')?.toJSON()")) as { x: number; y: number; width: number };
      // Title 34, two slots of 24, seed 30, then the middle of the field for steps.
      const at = { x: box.x + 60, y: box.y + 34 + 2 * 24 + 30 + 20 };
      await page.mouse.click(at.x, at.y);
      await page.waitForSelector('.field-editor input');
      await page.keyboard.type('5000');
      await page.keyboard.press('Enter');
      expect((await page.locator('.field-note[role="alert"]').textContent())?.trim()).toBe('expected a whole number from 1 to 1000');
      await page.keyboard.press('Control+a');
      await page.keyboard.type('40');
      await page.keyboard.press('Enter');
      expect(await steps()).toBe(40);
      await page.fill('.inspector input[id="field-draw-steps"]', '41');
      await page.keyboard.press('Enter');
      expect(await steps()).toBe(41);
    }));

  it('saves on the server, opens again, and keeps the graph in the browser across a reload', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await page.keyboard.press('Control+s');
      await page.fill('dialog.save input', 'My loop');
      await page.click('dialog.save button[type="submit"]');
      await page.waitForSelector('.toast.good');
      await page.evaluate("window.facewright.setValue('draw', 'steps', 3)");
      await editor.until(({ state }) => state.unsaved);
      await page.reload();
      await editor.until(({ state }) => state.ready);
      expect(await editor.ask(({ canvas }) => canvas.read().nodes['draw']?.values['steps'])).toBe(3);
      await page.keyboard.press('Control+o');
      await page.click('dialog.open .row');
      await editor.until(({ canvas }) => canvas.read().nodes['draw']?.values['steps'] === undefined);
      expect(await editor.ask(({ state }) => [state.savedAs, state.graphName])).toEqual(['My loop', 'My loop']);
    }));

  it('refuses a file that is not a graph, and says so', () =>
    inEditor(async (editor) => {
      const file = join(tmpdir(), 'facewright-editor-spec', 'bad.json');
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, '{"facewright": 2}');
      await editor.page.keyboard.press('Control+o');
      await editor.page.setInputFiles('dialog.open input[type="file"]', file);
      expect(await editor.page.locator('.toast.bad').textContent()).toContain('bad.json is not a graph');
    }));

  /** Drops a file on the canvas, as a person does from a folder. */
  const drop = async ({ page }: OpenEditor, name: string, bytes: Uint8Array, type = 'image/png') =>
    page.evaluate(`{
      const files = new DataTransfer();
      files.items.add(new File([Uint8Array.fromBase64('${Buffer.from(bytes).toString('base64')}')], '${name}', { type: '${type}' }));
      document.querySelector('.stage-canvas canvas').dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }));
    }`);

  it('takes a graph back from a picture that is dropped on it, which can be undone', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      const graph = graphSchema.parse(graphOf({ draw: node('sampler', [0, 0]), judge: node('evaluator', [400, 0]) }));
      const png = withPictureGraph(emptyPng, { graph, node: 'draw', key: 'red hair#7', caption: '' });
      const before = await editor.ask(({ state }) => state.nodeCount);
      await drop(editor, 'anything.png', png);
      await editor.until(({ state }) => state.nodeCount === 2);
      expect(await page.locator('.toast.good').textContent()).toContain('Graph of picture “red hair#7”.');
      expect(await editor.ask(({ state, canvas }) => [state.graphName, canvas.read().nodes['draw']?.type])).toEqual([
        'Small',
        'facewright/sampler',
      ]);
      await page.locator('.stage-canvas canvas').focus();
      await page.keyboard.press('Control+z');
      expect(await editor.ask(({ state }) => state.nodeCount)).toBe(before);
    }));

  it('says what a picture without a graph is, and what can be dropped', () =>
    inEditor(async (editor) => {
      const before = await editor.ask(({ state }) => state.nodeCount);
      const told = async () => editor.page.locator('.toast.bad').last().textContent();
      await drop(editor, 'plain.png', emptyPng);
      await editor.page.waitForSelector('.toast.bad');
      expect(await told()).toMatch(/plain\.png brings no graph[\s\S]*a PNG without one[\s\S]*graph file \(\.json\)/);
      await drop(editor, 'comfy.png', withPngText(emptyPng, { prompt: '{}', workflow: '{}' }));
      await editor.until(({ state }) => state.toasts.length === 2);
      expect(await told()).toContain('ComfyUI');
      await drop(editor, 'photo.jpg', Uint8Array.of(0xff, 0xd8, 0xff), 'image/jpeg');
      await editor.until(({ state }) => state.toasts.length === 3);
      expect(await told()).toContain('another format');
      expect(await editor.ask(({ state }) => state.nodeCount)).toBe(before);
    }));

  it('shows the templates as cards, with a drawn graph where there is no picture, and opens one by keys', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await page.click('#open-templates');
      await page.waitForSelector('.card');
      expect(await page.locator('.card .sketch').count()).toBe(2);
      expect(await page.locator('.card-size').allTextContents()).toEqual([`${Object.keys(fakeLoop.nodes).length} nodes`, '6 nodes']);
      // The second says that it has a picture, which the server does not have.
      await page.waitForSelector('.card img', { state: 'detached' });
      expect(await page.evaluate('document.activeElement?.dataset.template')).toBe('face-quality-loop');
      await page.keyboard.press('Enter');
      await page.waitForSelector('dialog', { state: 'detached' });
    }));

  it('can be used on a small screen: nothing overflows, run and every tab can be reached', () =>
    inEditor(
      async (editor) => {
        const { page } = editor;
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1024);
        expect(await page.locator('#run').isVisible()).toBe(true);
        for (const tab of ['progress', 'curves', 'gallery', 'report', 'problems', 'history']) {
          await page.click(`#tab-${tab}`);
          expect(await page.locator('#dock-panel').isVisible()).toBe(true);
        }
        const stage = await page.locator('.stage-canvas').boundingBox();
        expect(stage?.height).toBeGreaterThan(300);
      },
      { size: { width: 1024, height: 700 } },
    ));
});
