import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createAccessStore,
  openDataFolder,
  silentLog,
  startServer,
  type AccessStore,
  type DataFolder,
  type RunningServer,
} from '@facewright/server';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEditor, hasChromium, openPage, startBrowser, why } from '../../test-support/open-editor.ts';

if (!hasChromium) console.warn(why);

describe.skipIf(!hasChromium)('a server that asks for a token, in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'facewright-login-'));
  let browser: Browser, server: RunningServer, data: DataFolder, access: AccessStore;
  const complaints: string[] = [];
  const open = () => openPage(browser, { width: 1280, height: 800 }, complaints);
  const fillIn = async (page: Page, token: string) => {
    await page.fill('#login-token', token);
    await page.click('.login-card .primary');
  };
  /** Waits for the editor; playwright's own waiting needs eval, which the page's policy forbids. */
  const ready = async (page: Page, what = 'facewright.state.ready && facewright.state.connection === "online"') => {
    for (let i = 0; i < 400; i++) {
      if (await page.evaluate(`Boolean(window.facewright && (${what}))`)) return;
      await new Promise((go) => setTimeout(go, 50));
    }
    throw new Error(`not so: ${what}`);
  };

  beforeAll(async () => {
    await buildEditor();
    data = openDataFolder(join(folder, 'data'));
    access = createAccessStore(data.database);
    const { secret } = access.create('first', 'admin', null);
    expect(secret).toMatch(/^fwt_/);
    server = await startServer({
      port: 0,
      host: '127.0.0.1',
      requireToken: true,
      dataFolder: join(folder, 'data'),
      provider: 'null',
      log: silentLog,
    });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    data.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('a wrong token is refused with a reason, the right one opens the editor with its pictures, and nothing of it stays readable', async () => {
    const { secret } = access.create('anna', 'run', null);
    const page = await open();
    await page.goto(server.url);
    await page.waitForSelector('#login-token');
    await fillIn(page, 'fwt_wrong');
    await page.waitForSelector('#login-problem:not(:empty)');
    expect(await page.textContent('#login-problem')).toContain('does not know this token');
    await fillIn(page, secret);
    await ready(page);
    expect(await page.locator('.login').count()).toBe(0);
    expect(await page.textContent('.who')).toBe('anna');
    expect(await page.evaluate("fetch('/api/v1/templates/face-quality-loop/thumbnail').then((answer) => answer.status)")).toBe(200);
    expect(await page.evaluate('document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)')).not.toMatch(/fw[ts]_/);
    await page.context().close();
  });
  it('a link with the token logs in and leaves no token in the address', async () => {
    const { secret } = access.create('link', 'read', null);
    const page = await open();
    await page.goto(`${server.url}/#token=${secret}`);
    await ready(page);
    expect(page.url()).toBe(`${server.url}/`);
    await page.context().close();
  });
  it('a token that is revoked ends the session with a word; after another login the graph is there and the connection back', async () => {
    const { secret } = access.create('short', 'run', null);
    const page = await open();
    await page.goto(`${server.url}/#token=${secret}`);
    await ready(page);
    await page.evaluate("facewright.renameGraph('Mine')");
    access.revoke('short');
    await page.waitForSelector('#login-token');
    await ready(page, `document.querySelector('#login-title')?.textContent === 'Your session has ended'`);
    await fillIn(page, access.create('again', 'run', null).secret);
    await ready(page, 'facewright.state.connection === "online" && facewright.state.graphName === "Mine"');
    await ready(page, `document.querySelector('.login') === null`);
    await ready(page, 'facewright.state.session?.name === "again"');
    await page.click('button[aria-label="Log out"]');
    await page.waitForSelector('#login-token');
    expect(await page.textContent('#login-title')).toContain('asks for a token');
    await page.context().close();
  });
  it('nothing of this breaks the policy of the page', () => {
    expect(complaints).toEqual([]);
  });
});
