import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Graph, Judgements } from '@facewright/core';
import type { RunningServer } from '@facewright/server';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, openEditor, openPage, startBrowser, why } from '../../test-support/open-editor.ts';
import { serveGraph } from './serve-graph.ts';

if (!hasChromium) console.warn(why);

const faces = (deformed: number) => ({ type: 'facewright/toy-faces', version: 1, values: { count: 5, promptCount: 0, deformed, seed: 5 } });
/** Three lists of the same scenes, put up to be judged. */
const graph: Graph = {
  facewright: 1,
  name: 'To judge',
  description: '',
  groups: [],
  nodes: {
    a: faces(0),
    b: faces(0.5),
    c: faces(1),
    put: {
      type: 'facewright/judgement-set',
      version: 1,
      values: { name: 'faces', firstLabel: 'sound', secondLabel: 'half', thirdLabel: 'bad' },
    },
  },
  links: ['first', 'second', 'third'].map((to, i) => ({
    from: ['abc'[i]!, 'images'] as const,
    to: ['put', to] as const,
  })) as Graph['links'],
};

describe.skipIf(!hasChromium)('two annotators in a browser, on the real server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facewright-judge-'));
  let browser: Browser;
  let server: RunningServer;
  const complaints: string[] = [];
  const ask = async <T>(path: string, json?: unknown): Promise<T> => {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      ...(json !== undefined && { method: 'POST', body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
    });
    return answer.json() as Promise<T>;
  };
  /** The token of a new link. */
  const annotator = async (name: string) =>
    (await ask<{ annotator: { token: string } }>('/judging/faces/annotators', { name })).annotator.token;
  async function openJudging(token: string, size = { width: 1280, height: 800 }): Promise<Page> {
    const page = await openPage(browser, size, complaints);
    await page.goto(`${server.url}/judge/${token}`);
    return page;
  }
  /** Waits until it is so; playwright's own waiting needs eval, which the page's policy forbids. */
  async function until(page: Page, condition: string, timeout = 10_000): Promise<void> {
    const end = Date.now() + timeout;
    while (!(await page.evaluate(`Boolean(window.judging) && (({ judging }) => ${condition})(window)`))) {
      if (Date.now() > end) throw new Error(`not so within ${timeout} ms: ${condition}`);
      await sleep(25);
    }
  }
  const ready = (page: Page) => page.waitForSelector('.picture:not([disabled])');
  /** Presses a key on a set that is loaded and waits for the next one. */
  async function answer(page: Page, key: string, judged: number): Promise<void> {
    await ready(page);
    await page.keyboard.press(key);
    await until(page, `judging.judged === ${judged} && judging.choice === null`);
  }
  const shot = async (page: Page, name: string) => {
    const to = process.env['SCREENSHOTS'];
    if (to) await page.screenshot({ path: join(to, `${name}.png`) });
  };

  beforeAll(async () => {
    server = await serveGraph(folder, 'null');
    browser = await startBrowser();
    const { run } = await ask<{ run: { id: string } }>('/runs', { graph });
    for (let i = 0; i < 500 && (await ask<{ run: { status: string } }>(`/runs/${run.id}`)).run.status !== 'succeeded'; i++) await sleep(20);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close(0);
    rmSync(folder, { recursive: true, force: true });
  });

  it('judge with the keyboard alone, take back, reload and go on where they were; nobody learns what drew which', async () => {
    const { tasks } = await ask<{ tasks: { annotators: { token: string }[] }[] }>('/judging');
    const page = await openJudging(tasks[0]!.annotators[0]!.token);
    await ready(page);
    await shot(page, 'set-of-three');
    expect(await page.locator('.picture').count()).toBe(3);
    expect(await page.locator('header').textContent()).toMatch(/0 of 5/);
    expect(await page.content()).not.toMatch(/sound|half|bad|sha256|toy-/);

    await answer(page, '1', 1);
    await answer(page, 'ArrowDown', 2);
    await answer(page, '0', 3);
    await page.keyboard.press('u');
    await until(page, 'judging.judged === 2 && judging.set !== null');
    await answer(page, 'n', 3);
    await until(page, "judging.queue.state.kind === 'saved'");
    const at = await page.evaluate('judging.set.set');
    await page.reload();
    await ready(page);
    expect(await page.evaluate('judging.set.set')).toBe(at);
    expect(await page.locator('header').textContent()).toMatch(/3 of 5/);

    // Without going on by itself: the choice is shown, may be changed, and Enter confirms.
    await page.locator('.go-on input').focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('3');
    await page.waitForSelector('.picture[aria-pressed=true]');
    await shot(page, 'chosen');
    await page.keyboard.press('ArrowLeft');
    await until(page, 'judging.choice === 0');
    await page.locator('.go-on input').evaluate((box: HTMLElement) => box.blur());
    await page.keyboard.press('Enter');
    await until(page, 'judging.judged === 4 && judging.choice === null');
    await ready(page);
    await page.keyboard.press('?');
    await page.waitForSelector('.keys');
    await shot(page, 'keys');
    await page.keyboard.press('2');
    await until(page, 'judging.judged === 5');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.message');
    await until(page, "judging.queue.state.kind === 'saved'");
    await shot(page, 'finished');
    expect(await page.locator('.message').textContent()).toMatch(/All 5 sets are judged\s+Your answers are saved/);

    const other = await openJudging(await annotator('Ada'));
    for (let n = 1; n <= 4; n++) await answer(other, String(n % 3 || 3), n);
    expect(await other.locator('header').textContent()).toMatch(/4 of 5/);
    await until(other, "judging.queue.state.kind === 'saved'");
    expect(await other.evaluate('judging.task.sets.map(({ set }) => set).join()')).not.toBe(
      await page.evaluate('judging.task.sets.map(({ set }) => set).join()'),
    );

    const file = await (await fetch(`${server.url}/api/v1/judging/faces/export`)).text();
    const sets = file
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as Judgements['sets'][number]);
    const votes = sets.flatMap((set) => set.votes);
    expect(
      votes
        .filter(({ annotator }) => annotator === 'Annotator 1')
        .map(({ choice }) => typeof choice)
        .sort(),
    ).toEqual(['number', 'number', 'number', 'number', 'string']);
    expect(votes.filter(({ annotator }) => annotator === 'Ada')).toHaveLength(4);
    expect(complaints).toEqual([]);
    await page.context().close();
    await other.context().close();
  });

  it('lose nothing when the server is away: answers stay in the browser, over a reload too, and are sent when it is back', async () => {
    const page = await openJudging(await annotator('Grace'));
    await answer(page, '1', 1);
    await until(page, "judging.queue.state.kind === 'saved'");
    await page.route('**/votes', (route) => route.abort());
    await ready(page);
    await page.keyboard.press('2');
    await page.waitForSelector('.notice');
    await until(page, 'judging.choice === null');
    await ready(page);
    await shot(page, 'away');
    expect(await page.locator('.notice').textContent()).toMatch(/1 answer is kept in this browser/);
    await page.reload();
    await until(page, 'judging.judged === 2');
    await page.unroute('**/votes');
    await page.evaluate("dispatchEvent(new Event('online'))");
    await until(page, "judging.queue.state.kind === 'saved'");
    const { tasks } = await ask<{ tasks: { annotators: { name: string; judged: number }[] }[] }>('/judging');
    expect(tasks[0]!.annotators.find(({ name }) => name === 'Grace')!.judged).toBe(2);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('are told what is wrong: a picture that does not load, a link that does not work, a server that does not answer', async () => {
    const page = await openJudging(await annotator('Barbara'));
    await ready(page);
    await page.route('**/pictures/**', (route) => route.abort());
    await page.reload();
    await page.waitForSelector('.notice');
    await shot(page, 'no-picture');
    await page.keyboard.press('1');
    await until(page, 'judging.choice === null');
    await page.unroute('**/pictures/**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await ready(page);

    await page.route('**/api/v1/judge/*', (route) => route.abort());
    await page.reload();
    await page.waitForSelector('text=The server does not answer');
    await shot(page, 'server-away');
    await page.unroute('**/api/v1/judge/*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await ready(page);

    const gone = await openJudging('made-up');
    await gone.waitForSelector('text=This link does not work');
    await shot(gone, 'no-link');
    expect(complaints).toEqual([]);
    await page.context().close();
    await gone.context().close();
  });

  it('may hold a phone: everything fits, and a tap chooses', async () => {
    const page = await openJudging(await annotator('Phone'), { width: 390, height: 780 });
    await ready(page);
    await shot(page, 'phone');
    const fits = await page.evaluate(
      'document.documentElement.scrollWidth <= innerWidth && document.querySelector(".answers").getBoundingClientRect().bottom <= innerHeight',
    );
    expect(fits).toBe(true);
    await page.locator('.picture').nth(1).click();
    await until(page, 'judging.judged === 1');
    await page.setViewportSize({ width: 844, height: 390 });
    await ready(page);
    await shot(page, 'phone-turned');
    expect((await page.locator('.picture').first().boundingBox())!.height).toBeGreaterThan(120);
    await page.context().close();
  });

  it('get their links from the editor, where progress is seen, links are withdrawn and a task is chosen for a node', async () => {
    const editor = await openEditor(browser, server.url);
    const { page, ask: state, until: settled } = editor;
    const judged = {
      facewright: 1,
      name: 'Said',
      description: '',
      nodes: { said: { type: 'facewright/judgements', version: 1, values: {}, position: [0, 0] } },
      links: [],
      groups: [],
    };
    await page.evaluate(`window.facewright.openFile(new File([${JSON.stringify(JSON.stringify(judged))}], 'g.json'))`);
    await page.getByRole('button', { name: 'Judging: tasks, links, progress' }).click();
    const task = page.getByRole('region', { name: 'Judging task faces' });
    await task.waitFor();
    await task.getByLabel('Name of one more annotator of faces').fill('Mary');
    await page.keyboard.press('Enter');
    const link = task.getByRole('textbox', { name: 'Link of Mary' });
    await link.waitFor();
    await shot(page, 'editor-judging');
    await task.getByLabel('Name of one more annotator of faces').fill('Mary');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'expected one that no annotator of this task has' }).waitFor();

    const mary = await openJudging((await link.inputValue()).split('/').at(-1)!);
    await answer(mary, '1', 1);
    await until(mary, "judging.queue.state.kind === 'saved'");
    await task.locator('li', { hasText: 'Mary' }).getByText('1 of 5').waitFor();
    await task.getByLabel('Withdraw the link of Mary').click();
    await task.locator('li', { hasText: 'Mary' }).getByText('link withdrawn, votes kept').waitFor();
    await mary.reload();
    await mary.waitForSelector('text=This link does not work');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });

    await page.evaluate("window.facewright.canvas.select(['said'])");
    await page.getByRole('button', { name: 'Choose a judging task' }).click();
    await task.getByRole('button', { name: 'Use this task' }).click();
    await settled(({ canvas }) => canvas.read().nodes['said']!.values['source'] === 'judging:faces');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await settled(({ state: { run } }) => run?.status === 'succeeded');
    expect(String(await state(({ state: { run } }) => run?.nodes.get('said')?.outputs?.['summary']))).toMatch(/^faces: \d+ votes of /);
    expect(editor.complaints).toEqual([]);
    await page.context().close();
    await mary.context().close();
  });
});
