import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, startServer, type RunningServer } from '@facewright/server';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEditor, hasChromium, openEditor, startBrowser, why } from '../../test-support/open-editor.ts';

if (!hasChromium) console.warn(why);

const templates = join(import.meta.dirname, '../../../../templates');

describe.skipIf(!hasChromium)('the templates, drawn by the editor', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facewright-templates-'));
  let browser: Browser;
  let server: RunningServer;
  beforeAll(async () => {
    await buildEditor();
    server = await startServer({ port: 0, host: '127.0.0.1', dataFolder: join(folder, 'data'), provider: 'null', log: silentLog });
    browser = await startBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close(0);
    rmSync(folder, { recursive: true, force: true });
  });

  it('have no node that lies on another, previews included', async () => {
    const { page, until, complaints } = await openEditor(browser, server.url);
    const overlapping: string[] = [];
    for (const file of readdirSync(templates).filter((name) => name.endsWith('.json'))) {
      const text = readFileSync(join(templates, file), 'utf8');
      const { name } = JSON.parse(text) as { name: string };
      await page.evaluate(`window.facewright.openFile(new File([${JSON.stringify(text)}], 'g.json'))`);
      await until(`({ canvas }) => canvas.read().name === ${JSON.stringify(name)}` as never);
      const found = (await page.evaluate(`(() => {
        const { canvas } = window.facewright;
        const boxes = Object.keys(canvas.read().nodes).map((id) => [id, canvas.boxOf(id)]);
        return boxes.flatMap(([a, one], i) => boxes.slice(i + 1)
          .filter(([, other]) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom)
          .map(([b]) => a + ' and ' + b));
      })()`)) as string[];
      overlapping.push(...found.map((pair) => `${file}: ${pair}`));
    }
    expect(overlapping).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 60_000);
});
