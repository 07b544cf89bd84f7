import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addressDigest } from './part-file.ts';
import { pullModel, type PullProgress, type PullRequest } from './pull-model.ts';

const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) % 251));
const other = Buffer.from(bytes).fill(7, 1000, 2000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const patience = { silence: 300, pause: 1 };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
/** A file server that can do ranges; `upTo` breaks the connection after so many bytes of the file. */
const file =
  ({
    content = bytes,
    etag = '"one"',
    ranges = true,
    upTo = Infinity,
  }: Partial<{ content: Buffer; etag: string; ranges: boolean; upTo: number }>): Answer =>
  (request, response) => {
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const from = ranges && asked && request.headers['if-range'] === etag ? Number(asked[1]) : 0;
    if (from >= content.length) return void response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    response.writeHead(from > 0 ? 206 : 200, {
      etag,
      'content-length': content.length - from,
      ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
    });
    if (upTo >= content.length) return void response.end(content.subarray(from));
    // What was sent has to be read before the break: a broken connection loses what waits in between.
    response.write(content.subarray(from, upTo), () => setTimeout(() => response.destroy(), 50));
  };
const status =
  (code: number, headers: Record<string, string> = {}, text = ''): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end(text);

let server: Server, root: string, folder: string;
/** One answer for each request; the last one repeats. */
let answers: Answer[];
let asked: { readonly range: string | undefined; readonly url: string | undefined }[];
const url = (path = '/model.safetensors') => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const pull = (more: Partial<PullRequest> = {}) =>
  pullModel({ url: url(), name: 'model.safetensors', folder, sha256, patience, allowHosts: ['127.0.0.1'], ...more });
const files = () => (existsSync(folder) ? readdirSync(folder).sort() : []);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'pull-spec-'));
  server = createServer((request, response) => {
    asked.push({ range: request.headers.range, url: request.url });
    (answers.length > 1 ? answers.shift()! : answers[0]!)(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  folder = join(root, `run-${Math.random()}`, 'checkpoints');
  answers = [file({})];
  asked = [];
});
afterEach(() => server.closeAllConnections());

describe('pullModel', () => {
  it('keeps a token of the address out of messages and out of what it notes of a part', async () => {
    answers = [file({ upTo: 1000 })];
    const failed = await pull({ url: url('/model.safetensors?token=planted') }).catch((error: Error) => error.message);
    expect(failed).toContain('token=…');
    const notes = files().map((name) => readFileSync(join(folder, name), 'latin1'));
    expect(notes).toHaveLength(2);
    expect([failed, ...notes].join()).not.toContain('planted');
  });
  it('makes the folder, puts the whole file there and nothing else, and tells how far it is', async () => {
    const told: PullProgress[] = [];
    const pulled = await pull({ bytes: bytes.length, onProgress: (progress) => told.push(progress) });
    expect(pulled).toEqual({ path: join(folder, 'model.safetensors'), bytes: bytes.length, sha256, already: false });
    expect(readFileSync(pulled.path).equals(bytes)).toBe(true);
    expect(files()).toEqual(['model.safetensors']);
    expect(told.at(-1)).toEqual({ phase: 'verify', done: bytes.length, total: bytes.length });
    expect(told.filter(({ phase }) => phase === 'download').at(-1)).toEqual({ phase: 'download', done: bytes.length, total: bytes.length });
  });
  it('follows redirects', async () => {
    answers = [status(302, { location: '/elsewhere' }), file({})];
    await pull();
    expect(asked.map((request) => request.url)).toEqual(['/model.safetensors', '/elsewhere']);
  });
  it('goes on from where a dropped connection ended', async () => {
    answers = [file({ upTo: 100_000 }), file({ upTo: 200_000 }), file({})];
    await pull();
    expect(asked.map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
    expect(readFileSync(join(folder, 'model.safetensors')).equals(bytes)).toBe(true);
  });
  it('goes on when it is asked again after it was stopped', async () => {
    const stop = new AbortController();
    answers = [
      (_, response) => void response.writeHead(200, { etag: '"one"', 'content-length': bytes.length }).write(bytes.subarray(0, 50_000)),
    ];
    await expect(pull({ signal: stop.signal, onProgress: ({ done }) => done === 50_000 && stop.abort() })).rejects.toHaveProperty(
      'name',
      'AbortError',
    );
    expect(files()).toEqual(['model.safetensors.part', 'model.safetensors.part.json']);
    answers = [file({})];
    await pull();
    expect(asked.at(-1)!.range).toBe('bytes=50000-');
    expect(files()).toEqual(['model.safetensors']);
  });
  it('begins anew when the server cannot continue, has another file now, or the part is of another address', async () => {
    answers = [file({ upTo: 100_000 }), file({ ranges: false })];
    await pull();
    expect(asked).toHaveLength(2);

    folder = join(root, 'changed');
    answers = [file({ content: other, etag: '"old"', upTo: 100_000 }), file({ etag: '"new"' })];
    await pull();
    expect(readFileSync(join(folder, 'model.safetensors')).equals(bytes)).toBe(true);

    folder = join(root, 'address');
    mkdirSync(folder);
    writeFileSync(join(folder, 'model.safetensors.part'), other.subarray(0, 5000));
    writeFileSync(
      join(folder, 'model.safetensors.part.json'),
      JSON.stringify({ of: addressDigest(url('/other')), validator: '"one"', total: 9 }),
    );
    asked = [];
    await pull();
    expect(asked.map(({ range }) => range)).toEqual([undefined]);
  });
  it('begins anew after a part that is longer than the file', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'model.safetensors.part'), Buffer.alloc(bytes.length + 5));
    writeFileSync(
      join(folder, 'model.safetensors.part.json'),
      JSON.stringify({ of: addressDigest(url()), validator: '"one"', total: null }),
    );
    await pull();
    expect(asked.map(({ range }) => range)).toEqual([`bytes=${bytes.length + 5}-`, undefined]);
  });
  it('refuses another SHA-256 or size with both, and keeps nothing of it', async () => {
    answers = [file({ content: other })];
    const got = createHash('sha256').update(other).digest('hex');
    await expect(pull()).rejects.toMatchObject({
      code: 'LIBRARY_HASH',
      message: expect.stringMatching(new RegExp(`${sha256}, got ${got}`)),
    });
    expect(files()).toEqual([]);
    await expect(pull({ bytes: 300_001 })).rejects.toMatchObject({
      code: 'LIBRARY_SIZE',
      message: expect.stringContaining('300001 bytes, got 300000'),
    });
    expect(files()).toEqual([]);
  });
  it('never writes over a file: the right one is taken as it is, another is named with both hashes', async () => {
    await pull();
    asked = [];
    expect(await pull()).toMatchObject({ already: true, sha256 });
    expect(asked).toEqual([]);
    writeFileSync(join(folder, 'model.safetensors'), other);
    await expect(pull()).rejects.toMatchObject({ code: 'LIBRARY_EXISTS', message: expect.stringContaining(sha256) });
    await expect(pull({ sha256: null, acceptUnverified: true })).rejects.toMatchObject({ code: 'LIBRARY_EXISTS' });
    expect(readFileSync(join(folder, 'model.safetensors')).equals(other)).toBe(true);
  });
  it('without a hash asks for one, or gives the one it got', async () => {
    await expect(pull({ sha256: null })).rejects.toMatchObject({ code: 'LIBRARY_UNVERIFIED' });
    expect(asked).toEqual([]);
    expect(await pull({ sha256: null, acceptUnverified: true })).toMatchObject({ sha256 });
  });
  it('says what is wrong with an address: missing, gated, a web page, not one at all, a name with folders', async () => {
    for (const [answer, code, text] of [
      [status(404), 'LIBRARY_NOT_FOUND', 'status 404'],
      [
        status(401),
        'LIBRARY_GATED',
        `status 401: this file needs a login or an accepted licence. Download it in the browser and put it into ${folder}`,
      ],
      [status(403), 'LIBRARY_GATED', 'status 403'],
      [status(418), 'LIBRARY_STATUS', 'status 418'],
      [status(200, { 'content-type': 'text/html; charset=utf-8' }, '<html>'), 'LIBRARY_WEB_PAGE', 'a web page'],
    ] as const) {
      answers = [answer];
      await expect(pull(), code).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
    }
    await expect(pull({ url: 'ftp://host/file' })).rejects.toMatchObject({ code: 'LIBRARY_URL' });
    for (const name of ['../up.safetensors', 'a/b', 'a\\b', '.hidden', '', '..'])
      await expect(pull({ name }), name).rejects.toMatchObject({ code: 'LIBRARY_FILE_NAME' });
    expect(files()).toEqual([]);
  });
  it('tries again a busy server and one that falls silent, and gives up when nothing comes any more', async () => {
    const silent: Answer = (_, response) =>
      void response.writeHead(200, { etag: '"one"', 'content-length': bytes.length }).write(bytes.subarray(0, 10));
    answers = [status(503), silent, file({})];
    await pull();
    expect(asked.map(({ range }) => range)).toEqual([undefined, undefined, 'bytes=10-']);
    rmSync(join(folder, 'model.safetensors'));
    answers = [file({ upTo: 100_000, ranges: false })];
    await expect(pull()).rejects.toMatchObject({ code: 'LIBRARY_DROPPED', message: expect.stringContaining('5 times in a row') });
    expect(files()).toEqual(['model.safetensors.part', 'model.safetensors.part.json']);
  });
  it('waits for a slow server that keeps sending', async () => {
    answers = [
      (_, response) => {
        response.writeHead(200, { 'content-length': bytes.length });
        let at = 0;
        const timer = setInterval(() => {
          response.write(bytes.subarray(at, (at += 30_000)));
          if (at >= bytes.length) (clearInterval(timer), response.end());
        }, 100);
      },
    ];
    await pull();
    expect(asked).toHaveLength(1);
  });
});
