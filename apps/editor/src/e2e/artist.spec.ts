import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeServer, type FakeServer } from '../../test-support/fake-server.ts';
import { buildEditor, hasChromium, openEditor, startBrowser, why, withEditor, type OpenEditor } from '../../test-support/open-editor.ts';

if (!hasChromium) console.warn(why);

describe.skipIf(!hasChromium)('an artist at the editor', () => {
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

  const inEditor = (work: (editor: OpenEditor) => Promise<void>) => withEditor(browser, server.url, work);
  const open = async ({ page }: OpenEditor, type: string, values: Record<string, unknown>) => {
    const graph = {
      facewright: 1,
      name: 'One',
      description: '',
      nodes: { one: { type: `facewright/${type}`, version: 1, values, position: [0, 0] } },
      links: [],
      groups: [],
    };
    await page.evaluate(`window.facewright.openFile(new File([${JSON.stringify(JSON.stringify(graph))}], 'g.json'))`);
    await page.evaluate("window.facewright.canvas.select(['one'])");
    await page.waitForSelector('.inspector');
  };
  const value = ({ page }: OpenEditor, name: string) => page.evaluate(`window.facewright.canvas.read().nodes.one.values['${name}']`);

  describe('with rarely changed settings', () => {
    const heightOf = async ({ page }: OpenEditor) =>
      ((await page.evaluate("window.facewright.canvas.boxOf('one').toJSON()")) as { height: number }).height;
    it('finds them folded, with how many are changed; what is changed is on the node', () =>
      inEditor(async (editor) => {
        const { page } = editor;
        await open(editor, 'sampler', {});
        expect(await page.locator('.more > summary').textContent()).toMatch(/More settings\s+2\s*$/);
        expect(await page.locator('#field-one-rescale').isVisible()).toBe(false);
        const before = await heightOf(editor);
        await page.locator('.more > summary').focus();
        await page.keyboard.press('Enter');
        await page.fill('#field-one-rescale', '0.7');
        await page.keyboard.press('Enter');
        expect(await value(editor, 'rescale')).toBe(0.7);
        await editor.until(() => document.querySelector('.more > summary')?.textContent?.includes('1 of 2 changed') ?? false);
        expect((await heightOf(editor)) - before).toBe(30);
        // Back to the default: the value stays in the graph, the field leaves the node.
        await page.fill('#field-one-rescale', '0');
        await page.keyboard.press('Enter');
        expect(await heightOf(editor)).toBe(before);
        await page.reload();
        await editor.until(({ state }) => state.ready);
        await page.evaluate("window.facewright.canvas.select(['one'])");
        await page.waitForSelector('.more[open]');
      }));
    it('sees them unfolded when a problem is among them', () =>
      inEditor(async (editor) => {
        await open(editor, 'sampler', { rescale: 7 });
        expect(await editor.page.locator('.more[open]').count()).toBe(0);
        await editor.page.evaluate(
          "window.facewright.update({ showProblems: true, problems: [{ code: 'X', node: 'one', port: 'rescale', message: 'expected at most 1' }] })",
        );
        await editor.page.waitForSelector('.more[open]');
        expect(await editor.page.locator('.more .field > .bad').textContent()).toBe('expected at most 1');
      }));
  });

  describe('painting a mask', () => {
    /** The pixels of an uploaded mask, by the browser's decoder. */
    const grey = async ({ page }: OpenEditor, name: unknown, points: readonly (readonly [number, number])[]) =>
      page.evaluate(`(async () => {
        const answer = await fetch('/api/v1/assets/' + encodeURIComponent(${JSON.stringify(String(name).slice('asset:'.length))}));
        const picture = await createImageBitmap(await answer.blob());
        const ctx = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
        ctx.drawImage(picture, 0, 0);
        return [picture.width, picture.height, ...${JSON.stringify(points)}.map(([x, y]) => [...ctx.getImageData(x, y, 1, 1).data].join())];
      })()`);
    const [white, black] = ['255,255,255,255', '0,0,0,255'];
    async function painting(editor: OpenEditor) {
      const { page } = editor;
      await page.click('#field-one-mask');
      await page.waitForSelector('.paint-stage canvas');
      await editor.until(() => (document.querySelector<HTMLCanvasElement>('.paint-stage canvas')?.width ?? 0) > 300);
      const box = (await page.locator('.paint-stage canvas').boundingBox())!;
      /** A point of the picture, which is 320 by 200, on the screen. */
      return (x: number, y: number): [number, number] => [box.x + (x / 320) * box.width, box.y + (y / 200) * box.height];
    }

    it('marks what the pointer drags over, erases, takes back, and stores it at the size of the picture', () =>
      inEditor(async (editor) => {
        const { page } = editor;
        await open(editor, 'load-image', { path: '/photos/cat.png' });
        const at = await painting(editor);
        await page.mouse.move(...at(60, 100));
        await page.mouse.down();
        await page.mouse.move(...at(260, 100), { steps: 12 });
        await page.mouse.up();
        // The eraser crosses the stroke in the middle; a second one is taken back.
        await page.keyboard.press('e');
        for (const x of [160, 220]) {
          await page.mouse.move(...at(x, 60));
          await page.mouse.down();
          await page.mouse.move(...at(x, 140), { steps: 6 });
          await page.mouse.up();
        }
        await page.keyboard.press('Control+z');
        await page.keyboard.press('Enter');
        await page.waitForSelector('dialog', { state: 'detached' });
        const name = await value(editor, 'mask');
        expect(name).toMatch(/^asset:sha256:[0-9a-f]{64}$/);
        const points = [
          [100, 100],
          [220, 100],
          [160, 100],
          [100, 60],
          [5, 5],
        ] as const;
        expect(await grey(editor, name, points)).toEqual([320, 200, white, white, black, black, black]);

        // What was painted is there again; inverted, it is the opposite.
        await painting(editor);
        await page.keyboard.press('i');
        await page.click('text=Use mask');
        await page.waitForSelector('dialog', { state: 'detached' });
        expect(await grey(editor, await value(editor, 'mask'), points)).toEqual([320, 200, black, black, white, white, white]);
      }));

    it('leaves without a question when nothing changed, and asks before a mask is lost', () =>
      inEditor(async (editor) => {
        const { page } = editor;
        await open(editor, 'load-image', { path: '/photos/cat.png' });
        const asked: string[] = [];
        page.on('dialog', (question) => {
          asked.push(question.message());
          void (asked.length === 1 ? question.dismiss() : question.accept());
        });
        await painting(editor);
        await page.keyboard.press(']');
        await page.keyboard.press('Escape');
        await page.waitForSelector('dialog', { state: 'detached' });
        expect(asked).toEqual([]);
        const at = await painting(editor);
        await page.mouse.click(...at(30, 30));
        await page.keyboard.press('Escape');
        await page.waitForSelector('dialog.mask-painter');
        await page.keyboard.press('Escape');
        await page.waitForSelector('dialog', { state: 'detached' });
        expect(asked.length).toBe(2);
        expect(await value(editor, 'mask')).toBeUndefined();
      }));

    it('says which picture is missing, and that one has to be chosen first', () =>
      inEditor(async (editor) => {
        await open(editor, 'load-image', { path: '/nowhere.png' });
        await editor.page.click('#field-one-mask');
        await editor.page.waitForSelector('.toast.bad');
        expect(await editor.page.locator('.toast.bad').textContent()).toContain('file /nowhere.png: expected a readable file');
        await editor.page.evaluate("window.facewright.setValue('one', 'path', undefined)");
        await editor.page.click('#field-one-mask');
        await editor.page.waitForSelector('.toast.info');
        expect(await editor.page.locator('.toast.info').textContent()).toContain('Choose a picture first');
      }));
  });

  it('sees what is being drawn, large, and what the time left is of', async () => {
    const slow = await startFakeServer({ pace: 1 });
    const editor = await openEditor(browser, slow.url);
    try {
      await editor.page.click('#run');
      await editor.page.waitForSelector('.live-picture img');
      expect((await editor.page.locator('.live-picture img').boundingBox())!.height).toBeGreaterThanOrEqual(130);
      expect(await editor.page.locator('.eta').textContent()).toMatch(/^this node: [\d.]+ s left, then \d+ more nodes$/);
      await editor.page.click('#tab-gallery');
      expect(await editor.page.locator('.gallery .live-picture figcaption').textContent()).toMatch(/Sampler.* of 20/);
      expect(editor.complaints).toEqual([]);
    } finally {
      await editor.page.context().close();
      await slow.close();
    }
  });

  it('drops a picture on a node that reads one: it is stored, and the node reads it', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await open(editor, 'load-image', {});
      await page.evaluate(`(() => {
        const box = window.facewright.canvas.boxOf('one');
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array([1, 2, 3])], 'cat.png', { type: 'image/png' }));
        document.querySelector('.stage-canvas canvas').dispatchEvent(
          new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data, clientX: box.x + 60, clientY: box.y + 60 }));
      })()`);
      await page.waitForSelector('.toast.good');
      const name = String(await value(editor, 'path'));
      expect(server.assets.get(name.slice('asset:'.length))?.bytes).toEqual(new Uint8Array([1, 2, 3]));
      expect(await page.locator('.asset-control').textContent()).toContain('dropped picture');
      await page.click('[aria-label="Remove the dropped picture"]');
      expect(await value(editor, 'path')).toBeUndefined();
    }));
});
