import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchRowRecord, BatchSummary, Graph } from '@facewright/core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEditor, hasChromium, openEditor, startBrowser, why } from '../../test-support/open-editor.ts';

if (!hasChromium) console.warn(why);

const cli = join(import.meta.dirname, '../../../cli/bin/facewright.mjs');
const nodes = new URL('../../../server/src/fixtures/test-nodes.ts', import.meta.url).href;
const graph: Graph = {
  facewright: 1,
  name: 'Painting',
  description: '',
  groups: [],
  nodes: {
    n: { type: 'test/touchy', version: 1, values: { wait: 200 }, position: [0, 0] },
    show: { type: 'test/show', version: 1, values: {}, position: [300, 0] },
    paint: { type: 'test/paint', version: 1, values: {}, position: [0, 200] },
  },
  links: [{ from: ['n', 'value'], to: ['show', 'value'] }],
};
const rows = 12;
/** Row 4 fails when it is run. */
const table = (third: string) =>
  `value,grey,who\n${Array.from({ length: rows }, (_, i) => `${i === 2 ? third : i === 3 ? -1 : i},${i * 20},"person ${i}"`).join('\n')}\n`;

interface Served {
  readonly url: string;
  kill(): Promise<void>;
}
/** A server in a process of its own, which can be killed as a power cut does. */
function serve(data: string): Promise<Served> {
  const child: ChildProcess = spawn(
    process.execPath,
    [cli, 'serve', '--port', '0', '--data', data, '--provider', 'null', '--nodes', nodes],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout!.on('data', (part: Buffer) => {
      said += part.toString();
      const url = /Facewright is at (\S+)/.exec(said)?.[1];
      if (url)
        resolve({
          url,
          kill() {
            child.kill('SIGKILL');
            return gone;
          },
        });
    });
    void gone.then(() => reject(new Error('the server ended')));
  });
}

describe.skipIf(!hasChromium)('a batch in a browser, on a real server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facewright-batch-'));
  let browser: Browser;
  let server: Served | undefined;
  beforeAll(async () => {
    await buildEditor();
    browser = await startBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await server?.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is begun from a table, and is there and finishes after the browser was closed and the server killed', async () => {
    server = await serve(folder);
    const first = await openEditor(browser, server.url);
    await first.page.evaluate(`window.facewright.openGraph(${JSON.stringify(graph)})`);
    await first.page.getByRole('button', { name: 'Batch…' }).click();
    const dialog = first.page.getByRole('dialog', { name: 'Batch: Painting' });
    const start = dialog.locator('#start-batch');
    const upload = (content: string) =>
      dialog.getByLabel('A table or pictures').setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(content) });
    expect(await start.isDisabled()).toBe(true);

    await upload(table('many'));
    await first.until(({ batches }) => batches.draft?.check?.problemCount === 1);
    expect(await dialog.locator('td.bad').allTextContents()).toEqual([expect.stringContaining('many')]);
    expect(await dialog.getByRole('alert').textContent()).toContain(
      'row 3 (line 4), column value > node n > input value: expected a number',
    );
    expect(await start.isDisabled()).toBe(true);

    await upload(table('2'));
    await first.until(({ batches }) => batches.draft?.check?.problemCount === 0 && !batches.draft.checking);
    expect(await dialog.getByLabel('What column grey sets').inputValue()).toBe('paint.grey');
    await dialog.getByLabel('What column who sets').selectOption('paint.title');
    await first.until(({ batches }) => batches.draft?.check?.columns[2]?.targets[0] === 'paint.title');
    await dialog.getByRole('button', { name: 'Combine with values' }).click();
    await dialog.getByLabel('Input of side 1 of the matrix').selectOption('paint.light');
    await dialog.getByLabel('Values of side 1 of the matrix').fill('true, false');
    await first.until(({ batches }) => batches.draft?.check?.count === 24);
    expect(await dialog.locator('.batch-sum').textContent()).toContain('24 rows from people.csv');
    await dialog.getByRole('button', { name: 'Remove side 1' }).click();
    await first.until(({ batches }) => batches.draft?.check?.count === 12 && !batches.draft.checking);
    await start.click();
    await first.until(({ batches }) => (batches.summary?.done ?? 0) > 2);
    await first.until(() => document.querySelectorAll('.batch-row.finished').length > 2);
    expect(first.complaints).toEqual([]);
    await first.page.context().close();
    await server.kill();

    server = await serve(folder);
    const { page, until, ask, complaints } = await openEditor(browser, server.url);
    await until(({ batches }) => batches.summary?.status === 'finished', 60_000);
    expect(await ask(({ batches }) => [batches.summary?.done, batches.summary?.failed])).toEqual([11, 1]);
    const api = async <T>(path: string) => (await (await fetch(`${server!.url}/api/v1${path}`)).json()) as T;
    const [batch] = (await api<{ batches: BatchSummary[] }>('/batches')).batches;
    const records = (await api<{ rows: BatchRowRecord[] }>(`/batches/${batch!.id}/rows`)).rows;
    expect(records.map(({ attempt, recorded }) => [attempt, recorded])).toEqual(Array.from({ length: rows }, (_, i) => [1, i + 1]));

    await page.getByRole('tab', { name: /Batches/ }).click();
    await page.getByRole('button', { name: 'Larger' }).click();
    await until(() => document.querySelectorAll('.batch-row.finished').length === 11);
    expect(await page.locator('.batch-row').nth(2).textContent()).toMatch(/3.*✓.*value 2.*grey 40.*who person 2.*show\.value.*2/s);
    expect(await page.locator('.batch-row .thumbnail img').count()).toBe(11);
    await page.getByRole('button', { name: 'Failed (1)' }).click();
    // Rows that are still being asked for are shown by their number alone.
    await until(() => document.querySelectorAll('.batch-row').length === 1 && document.querySelectorAll('.batch-row.failed').length === 1);
    expect(await page.locator('.batch-row').textContent()).toContain('out of paint');
    await page.getByRole('button', { name: 'Retry 1 failed' }).click();
    await until(({ batches }) => batches.summary?.status === 'finished' && batches.summary.lastRecorded === 13, 30_000);
    await page.getByRole('button', { name: 'All rows' }).click();
    await page.getByRole('button', { name: 'Open the graph of row 3' }).click();
    await until(({ canvas }) => canvas.read().nodes['paint']?.values['title'] === 'person 2');
    const csv = await fetch(`${server.url}${await page.getByRole('link', { name: 'CSV' }).getAttribute('href')}`);
    expect((await csv.text()).split('\n')).toHaveLength(rows + 2);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);
});
