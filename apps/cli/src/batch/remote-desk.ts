// Batches on a server, over its HTTP API and socket.io.
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import {
  assetName,
  definitionsOf,
  type Asset,
  type BatchCheck,
  type BatchDetails,
  type BatchRowRecord,
  type BatchSummary,
  type NodeDescription,
} from '@facewright/core';
import { err } from '../errors.ts';
import { serverClient } from '../server-client.ts';
import { isAtWork, type BatchDesk } from './batch-desk.ts';

const pictureTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
};
const routes = { pause: 'pause', continue: 'continue', retryFailed: 'retry-failed' } as const;

/** Throws CLI_NO_SERVER or CLI_SERVER_ANSWER, as everything that it gives does. */
export async function openRemoteDesk(server: string): Promise<BatchDesk> {
  const { url, call, json, socket: connect } = serverClient(server);
  const { nodes } = await json<{ nodes: readonly NodeDescription[] }>('/nodes');
  const upload = async (path: string, type: string): Promise<Asset> => {
    const response = await call('/assets', { method: 'POST', headers: { 'content-type': type }, body: await readFile(path) });
    return ((await response.json()) as { asset: Asset }).asset;
  };
  const rows = async (id: string, query: string) => (await json<{ rows: readonly BatchRowRecord[] }>(`/batches/${id}/rows?${query}`)).rows;
  const get = async (id: string) => (await json<{ batch: BatchDetails }>(`/batches/${id}`)).batch;
  return {
    definitions: definitionsOf(nodes),
    place: { server: url },
    async data(path) {
      const place = resolve(path);
      const info = await stat(place).catch(() => null);
      if (!info) throw err.BAD_OPTION('data', 'a file or a folder', `${path}, where there is none`);
      if (!info.isDirectory())
        return { data: { asset: (await upload(place, 'application/octet-stream')).id, name: basename(place) }, base: dirname(place) };
      const names = (await readdir(place)).filter((name) => extname(name).toLowerCase() in pictureTypes && !name.startsWith('.')).sort();
      const pictures = [];
      for (const name of names)
        pictures.push({
          file: assetName(await upload(join(place, name), pictureTypes[extname(name).toLowerCase()]!)),
          name: basename(name, extname(name)),
        });
      return { data: { rows: pictures }, base: place };
    },
    check: (request) => json<BatchCheck>('/batches/check', 'POST', request),
    create: async (request) => (await json<{ batch: BatchDetails }>('/batches', 'POST', request)).batch,
    list: async () => (await json<{ batches: readonly BatchSummary[] }>('/batches')).batches,
    get,
    append: async (id, data, base) => (await json<{ batch: BatchDetails }>(`/batches/${id}/rows`, 'POST', { data, base })).batch,
    steer: async (id, how) => (await json<{ batch: BatchDetails }>(`/batches/${id}/${routes[how]}`, 'POST')).batch,
    recordedSince: (id, since, limit) => rows(id, `since=${since}&limit=${limit}`),
    ran: (id, after, limit) => rows(id, `status=ran&after=${after}&limit=${limit}`),
    read: async ({ id }) => (await call(`/assets/${id}`)).bytes(),
    async work(id, changed, signal) {
      const { promise: ended, resolve: end, reject } = Promise.withResolvers<void>();
      const socket = connect(reject);
      const look = (summary: BatchSummary) => {
        changed(summary, null);
        if (!isAtWork(summary)) end();
      };
      // What happened before we listened, or while the connection was lost.
      socket.on('connect', () => void get(id).then(look, reject));
      socket.on('batches', ({ batches, removed }) => {
        batches.filter((batch) => batch.id === id).forEach(look);
        if (removed.includes(id)) reject(err.NO_SERVER(url, 'a batch that was deleted'));
      });
      let latest: BatchSummary | undefined;
      socket.on('batchActivity', (activity) => {
        if (latest && activity[id]) changed(latest, activity[id]);
      });
      socket.on('batches', ({ batches }) => {
        latest = batches.find((batch) => batch.id === id) ?? latest;
      });
      const pause = () => void json(`/batches/${id}/pause`, 'POST').catch(reject);
      signal.addEventListener('abort', pause, { once: true });
      if (signal.aborted) pause();
      await ended.finally(() => {
        signal.removeEventListener('abort', pause);
        socket.close();
      });
    },
    close: async () => {},
  };
}
