// A browser with the built editor, for specs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build } from 'vite';
import { expect } from 'vitest';
import type { Editor } from '../src/editor.ts';

export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
export const hasChromium = existsSync(chromiumPath);
export const why = `No browser at ${chromiumPath}: install Debian's chromium, or name another one in CHROMIUM. Browser specs of the editor are SKIPPED.`;

/** Nothing is removed before: a spec beside this one may be serving the same folder. */
export const buildEditor = async (): Promise<void> =>
  void (await build({ root: join(import.meta.dirname, '..'), logLevel: 'error', build: { emptyOutDir: false } }));

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });

export interface OpenEditor {
  readonly page: Page;
  /** What the page complained of. */
  readonly complaints: readonly string[];
  /** Reads something off the running editor. */
  ask<T>(question: (editor: Editor) => T): Promise<T>;
  /** Waits until it is so. */
  until(condition: (editor: Editor) => boolean, timeout?: number): Promise<void>;
}

/** A new page without anything kept from earlier ones. What it complains of, errors and refusals of its content security policy, is added to `complaints`. */
export async function openPage(browser: Browser, viewport: { width: number; height: number }, complaints: string[]): Promise<Page> {
  const page = await (await browser.newContext({ viewport, reducedMotion: 'reduce' })).newPage();
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('console', (message) => {
    // Requests that were refused on purpose are told as failed resources.
    if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text())) complaints.push(message.text());
  });
  return page;
}

/** The editor in a page of its own, ready to be used. */
export async function openEditor(browser: Browser, url: string, size = { width: 1440, height: 900 }): Promise<OpenEditor> {
  const complaints: string[] = [];
  const page = await openPage(browser, size, complaints);
  await page.goto(url);
  const ask: OpenEditor['ask'] = (question) => page.evaluate(`(${String(question)})(window.facewright)`);
  // Playwright's own waiting needs eval in the page, which the content security policy forbids.
  const until: OpenEditor['until'] = async (condition, timeout = 20_000) => {
    const end = Date.now() + timeout;
    while (!(await page.evaluate(`Boolean(window.facewright && (${String(condition)})(window.facewright))`))) {
      if (Date.now() > end) throw new Error(`not so within ${timeout} ms: ${String(condition)}`);
      await new Promise((go) => setTimeout(go, 50));
    }
  };
  await until(({ state }) => state.ready);
  return { page, complaints, ask, until };
}

/** Work in a page of its own, which has complained of nothing by the end. */
export async function withEditor(
  browser: Browser,
  url: string,
  work: (editor: OpenEditor) => Promise<void>,
  size?: { width: number; height: number },
): Promise<void> {
  const editor = await openEditor(browser, url, size);
  try {
    await work(editor);
    expect(editor.complaints).toEqual([]);
  } finally {
    await editor.page.context().close();
  }
}
