import { existsSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Asset, Graph, RunSummary, StorageUse } from '@facewright/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import type { RunningServer } from '../start-server.ts';
import { openDataFolder } from '../data/data-folder.ts';

let folder: string, server: RunningServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'storage-routes-spec-'));
  server = await startTestServer(folder);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
async function api<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  return { status: response.status, body: (response.status === 204 ? null : await response.json()) as T };
}
const problem = (code: string) => ({ problems: [expect.objectContaining({ code }) as unknown] });
const graph = (steps: number, values: Readonly<Record<string, unknown>> = {}): Graph => ({
  facewright: 1,
  name: 'g',
  description: '',
  groups: [],
  links: [{ from: ['count', 'value'], to: ['show', 'value'] }],
  nodes: { count: { type: 'test/count', version: 1, values: { steps, ...values } }, show: { type: 'test/show', version: 1, values: {} } },
});
async function ended(run: string): Promise<RunSummary> {
  for (;;) {
    const { body } = await api<{ run: RunSummary }>('GET', `/runs/${run}`);
    if (body.run.finished !== null) return body.run;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
async function upload(text: string): Promise<Asset> {
  const response = await fetch(`${server.url}/api/v1/assets`, { method: 'POST', body: text, headers: { 'Content-Type': 'text/plain' } });
  const { asset } = (await response.json()) as { asset: Asset };
  const data = openDataFolder(folder);
  utimesSync((await data.assets.find(asset.id))!.path, 1, 1);
  data.close();
  return asset;
}
const status = async (asset: Asset) => (await fetch(`${server.url}/api/v1/assets/${asset.id}`)).status;

const forgetUploads = () => {
  const data = openDataFolder(folder);
  data.database.exec("UPDATE asset_refs SET owner = 'upload:2020-01-01' WHERE owner GLOB 'upload:*'");
  data.close();
};

it('keeps what was uploaded for thirty days, also when nothing refers to it', async () => {
  const asset = await upload('a mask in a browser');
  await api('POST', '/storage/free', {});
  expect(await status(asset)).toBe(200);
  forgetUploads();
  await api('POST', '/storage/free', {});
  expect(await status(asset)).toBe(404);
});
it('says how much room what takes, and frees what nothing refers to', async () => {
  const asset = await upload('of no use');
  // Thirty days are over.
  forgetUploads();
  const { storage } = (await api<{ storage: StorageUse }>('GET', '/storage')).body;
  expect(storage).toMatchObject({ assets: { count: 1, bytes: 9 }, removable: { count: 1, bytes: 9 }, keep: null });
  expect((await api('POST', '/storage/free', { dryRun: true })).body).toMatchObject({ removed: { assets: { count: 1, bytes: 9 } } });
  expect(await status(asset)).toBe(200);
  expect((await api('POST', '/storage/free', {})).body).toMatchObject({ removed: { assets: { count: 1, bytes: 9 } } });
  expect(await status(asset)).toBe(404);
});
it('keeps what a graph names from the moment it is saved', async () => {
  const asset = await upload('a mask');
  forgetUploads();
  const named = graph(1);
  await api('PUT', '/graphs/named', { ...named, description: `asset:${asset.id}` });
  await api('POST', '/storage/free', {});
  expect(await status(asset)).toBe(200);
});
it('says what is wrong with a wish to free room', async () => {
  expect(await api('POST', '/storage/free', { keep: -1 })).toEqual({ status: 400, body: problem('SERVER_BAD_REQUEST') });
  expect(await api('POST', '/storage/free', { keep: 'all' })).toEqual({ status: 400, body: problem('SERVER_BAD_REQUEST') });
  expect(await api('POST', '/storage/free', { dryRun: 1 })).toEqual({ status: 400, body: problem('SERVER_BAD_REQUEST') });
});
it('deletes a run that has ended, with what it wrote, and no other', async () => {
  const { run } = (await api<{ run: RunSummary }>('POST', '/runs', { graph: graph(10_000) })).body;
  expect(await api('DELETE', `/runs/${run.id}`)).toEqual({ status: 409, body: problem('SERVER_NOT_ENDED') });
  await mkdir(join(folder, 'runs', run.id), { recursive: true });
  await writeFile(join(folder, 'runs', run.id, 'a.txt'), 'output');
  await api('POST', `/runs/${run.id}/cancel`);
  await ended(run.id);
  expect((await api('DELETE', `/runs/${run.id}`)).status).toBe(204);
  expect(existsSync(join(folder, 'runs', run.id))).toBe(false);
  expect(await api('GET', `/runs/${run.id}/events`)).toEqual({ status: 404, body: problem('SERVER_NO_SUCH') });
  expect(await api('DELETE', `/runs/${run.id}`)).toEqual({ status: 404, body: problem('SERVER_NO_SUCH') });
  expect((await api<{ runs: RunSummary[] }>('GET', '/runs')).body.runs).toEqual([]);
});
