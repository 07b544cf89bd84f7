import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeServer, type FakeServer } from '../../test-support/fake-server.ts';
import { buildEditor, hasChromium, startBrowser, why, withEditor, type OpenEditor } from '../../test-support/open-editor.ts';

if (!hasChromium) console.warn(why);

describe.skipIf(!hasChromium)('the picker of models', () => {
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
  const pathOf = ({ ask }: OpenEditor) => ask(({ canvas }) => canvas.read().nodes['base']?.values['path']);
  async function opened(editor: OpenEditor, node: string): Promise<void> {
    await editor.page.evaluate(`window.facewright.focusNode('${node}')`);
    await editor.page.click(`.inspector .path-control button`);
    await editor.page.waitForSelector('.model-picker .picker-note, .model-picker .picker-empty');
  }
  const names = ({ page }: OpenEditor) => page.locator('.model-picker .found-title').allTextContents();

  it('lists the files of the port’s folder with sizes, the default too, and takes the clicked one', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await opened(editor, 'base');
      expect(await names(editor)).toEqual([
        'dreamshaper_8.safetensors',
        'epicphotogasm_z.safetensors',
        'realistic-faces-of-the-north-with-a-very-long-name-v3-pruned-fp16.safetensors',
        'Realistic_Vision_V5.1.safetensors',
        'Realistic_Vision_V5.1-inpainting.safetensors',
        'sd-v1-5-inpainting.ckpt',
        'v1-5-pruned-emaonly.safetensors',
        'stable-diffusion-xl-base-1.0',
        'models/tiny-faces',
      ]);
      expect(await page.locator('.model-picker li').first().textContent()).toContain('2.13 GB');
      expect(await page.locator('.model-picker li.current .found-title').textContent()).toBe('models/tiny-faces');
      const [list, row] = [await page.locator('#models-found').boundingBox(), await page.locator('.model-picker li.current').boundingBox()];
      expect(row!.y + row!.height).toBeLessThan(list!.y + list!.height + 1);
      await page.locator('.model-picker li', { hasText: 'epicphotogasm' }).click();
      expect(await pathOf(editor)).toBe('checkpoints/portraits/epicphotogasm_z.safetensors');
      expect(await page.inputValue('#field-base-path')).toBe('checkpoints/portraits/epicphotogasm_z.safetensors');
    }));

  it('is used by keys alone: opened with the arrow, filtered, moved in, left with Escape, taken with Enter', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await page.evaluate("window.facewright.focusNode('base')");
      await page.focus('#field-base-path');
      await page.keyboard.press('ArrowDown');
      await page.waitForSelector('.model-picker .picker-note');
      await page.keyboard.type('realistic');
      expect(await names(editor)).toEqual([
        'realistic-faces-of-the-north-with-a-very-long-name-v3-pruned-fp16.safetensors',
        'Realistic_Vision_V5.1.safetensors',
        'Realistic_Vision_V5.1-inpainting.safetensors',
      ]);
      await page.keyboard.press('Escape');
      await page.waitForSelector('.model-picker', { state: 'detached' });
      expect(await pathOf(editor)).toBeUndefined();
      expect(await page.evaluate('document.activeElement.id')).toBe('field-base-path');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.type('realistic');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      expect(await pathOf(editor)).toBe('checkpoints/Realistic_Vision_V5.1.safetensors');
    }));

  it('opens from the field on the canvas, and takes a path that is typed', () =>
    inEditor(async (editor) => {
      const { page } = editor;
      await page.evaluate("window.facewright.focusNode('base')");
      // The view glides to the node.
      await new Promise((go) => setTimeout(go, 600));
      const box = (await page.evaluate("window.facewright.canvas.boxOf('base').toJSON()")) as {
        x: number;
        y: number;
        width: number;
        height: number;
      };
      await page.mouse.click(box.x + box.width / 2, box.y + box.height - 22);
      await page.waitForSelector('.model-picker');
      await page.keyboard.type('/data/mine.safetensors');
      expect(await page.locator('.model-picker li[aria-selected="true"]').textContent()).toContain('use this path as it is typed');
      await page.keyboard.press('Enter');
      expect(await pathOf(editor)).toBe('/data/mine.safetensors');
    }));

  it('says where it looked and what to do when there is nothing', () =>
    inEditor(async (editor) => {
      await opened(editor, 'scorer');
      const text = (await editor.page.locator('.picker-empty').textContent())?.replace(/\s+/g, ' ');
      expect(text).toContain('No scorers yet');
      expect(await editor.page.locator('.picker-places li').allTextContents()).toEqual([
        '/home/ada/ComfyUI/models/scorers',
        '/home/ada/faces/models/scorers',
      ]);
      expect(text).toContain('--models DIR');
    }));
});
