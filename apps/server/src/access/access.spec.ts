import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem } from '@facewright/core';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import { openDatabase, type Database } from '../data/database.ts';
import type { RunningServer } from '../start-server.ts';
import { createAccessStore, type AccessStore } from './access-store.ts';
import { createGate } from './gate.ts';

let folder: string, server: RunningServer, database: Database, access: AccessStore;
const tokens = { read: '', run: '', admin: '' };
const sockets: Socket[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'access-spec-'));
  mkdirSync(join(folder, 'editor'));
  writeFileSync(join(folder, 'editor', 'index.html'), '<!doctype html><title>Editor</title>');
  database = openDatabase(join(folder, 'data', 'facewright.sqlite'));
  access = createAccessStore(database);
  for (const scope of ['read', 'run', 'admin'] as const) tokens[scope] = access.create(scope, scope, null).secret;
  server = await startTestServer(join(folder, 'data'), {
    requireToken: true,
    templatesFolder: folder,
    editorFolder: join(folder, 'editor'),
  });
});
afterAll(async () => {
  await server.close();
  database.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

const graph = { facewright: 1, name: 'g', nodes: { a: { type: 'test/show', version: 1, values: { value: 1 } } } };
async function ask(
  method: string,
  path: string,
  { token, cookie, body, headers }: { token?: string; cookie?: string; body?: unknown; headers?: Record<string, string> } = {},
) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(cookie !== undefined && { cookie }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const { problems } = (text.startsWith('{') ? JSON.parse(text) : {}) as { problems?: readonly Problem[] };
  return { status: response.status, text, code: problems?.[0]?.code, response };
}
const login = async (token: string) => {
  const { response } = await ask('POST', '/api/v1/session', { body: { token } });
  return response.headers.getSetCookie()[0] ?? '';
};
/** What a socket hears first. */
const knock = (options: { auth?: object; extraHeaders?: Record<string, string> } = {}) =>
  new Promise<{ socket: Socket; heard: string }>((resolve) => {
    const socket = io(server.url, { transports: ['websocket'], reconnection: false, ...options });
    sockets.push(socket);
    socket.on('connect', () => resolve({ socket, heard: 'runs' }));
    socket.on('connect_error', (error) => resolve({ socket, heard: error.message }));
  });

describe('a server that needs a token', () => {
  it('does not start on an address that others can reach before there is one', async () => {
    await expect(startTestServer(join(folder, 'none'), { host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'SERVER_NO_TOKENS',
      message: expect.stringContaining('facewright token create') as string,
    });
  });
  it('lets a token do what its scope says, and no more', async () => {
    const tries = async (token: string) => [
      (await ask('GET', '/api/v1/runs', { token })).status,
      (await ask('POST', '/api/v1/graphs/validate', { token, body: { graph } })).status,
      (await ask('POST', '/api/v1/runs', { token, body: { graph } })).status,
      (await ask('DELETE', '/api/v1/graphs/none', { token })).status,
      (await ask('GET', '/api/v1/tokens', { token })).status,
    ];
    expect(await tries(tokens.read)).toEqual([200, 200, 403, 403, 403]);
    expect(await tries(tokens.run)).toEqual([200, 200, 201, 403, 403]);
    expect(await tries(tokens.admin)).toEqual([200, 200, 201, 404, 200]);
  });
  it('refuses tokens that are nearly right', async () => {
    const last = tokens.admin.at(-1) === 'A' ? 'B' : 'A';
    for (const token of [
      `${tokens.admin.slice(0, -1)}${last}`,
      tokens.admin.slice(0, -1),
      `${tokens.admin}A`,
      tokens.admin.replace('fwt_', 'fws_'),
      "x' OR 1=1 --",
    ])
      expect(access.find(token), token).toBeNull();
    expect(access.find(tokens.admin)).toMatchObject({ name: 'admin', scope: 'admin' });
  });
  it('shows a page to log in to anyone, and the editor of a session its pictures', async () => {
    expect((await ask('GET', '/')).status).toBe(200);
    const set = await login(tokens.read);
    expect(set).toMatch(/^facewright_session=fws_[\w-]{51}; Path=\/; Expires=.*; HttpOnly; SameSite=Strict$/);
    const cookie = set.split(';')[0]!;
    expect((await ask('GET', '/api/v1/runs', { cookie })).status).toBe(200);
    expect(JSON.parse((await ask('GET', '/api/v1/session', { cookie })).text)).toEqual({
      required: true,
      session: { name: 'read', scope: 'read' },
    });
    expect((await ask('DELETE', '/api/v1/session', { cookie })).status).toBe(204);
    expect((await ask('GET', '/api/v1/runs', { cookie })).code).toBe('SERVER_TOKEN_NEEDED');
    expect((await ask('GET', '/api/v1/runs', { token: tokens.read })).status).toBe(200);
  });
  it('lets a socket in by a token or by the cookie of a session, and nobody else', async () => {
    expect((await knock()).heard).toContain('expected a token');
    expect((await knock({ auth: { token: `fwt_${'A'.repeat(51)}` } })).heard).toContain('expected a token');
    expect((await knock({ auth: { token: tokens.read } })).heard).toBe('runs');
    expect((await knock({ extraHeaders: { cookie: (await login(tokens.read)).split(';')[0]! } })).heard).toBe('runs');
  });
  it('ends sessions, sockets and downloads of a token when another process revokes it', async () => {
    const { secret } = access.create('gone', 'read', null);
    const cookie = (await login(secret)).split(';')[0]!;
    const { socket, heard } = await knock({ auth: { token: secret } });
    expect(heard).toBe('runs');
    const ended = new Promise((resolve) => socket.on('disconnect', resolve));
    access.revoke('gone');
    expect(await ended).toBe('io server disconnect');
    expect((await ask('GET', '/api/v1/runs', { token: secret })).code).toBe('SERVER_TOKEN_NEEDED');
    expect((await ask('GET', '/api/v1/runs', { cookie })).code).toBe('SERVER_TOKEN_NEEDED');
    const gate = createGate(access, true);
    const { secret: second } = access.create('gone', 'read', null);
    let ends = 0;
    gate.keep(gate.who({ authorization: `Bearer ${second}` })!, () => ends++);
    gate.sweep();
    expect(ends).toBe(0);
    access.revoke('gone');
    gate.sweep();
    expect(ends).toBe(1);
    gate.close();
  });
  it('refuses an expired token and its sessions', async () => {
    const { secret } = access.create('short', 'read', new Date(Date.now() + 1000));
    const session = access.openSession(access.find(secret)!);
    expect(access.find(session.secret)).toMatchObject({ name: 'short' });
    database.prepare("UPDATE access_tokens SET expires = '2020-01-01T00:00:00.000Z' WHERE name = 'short'").run();
    expect(access.find(secret)).toBeNull();
    expect(access.find(session.secret)).toBeNull();
  });
  it('makes, lists and revokes tokens over HTTP for an admin, and shows a secret only once', async () => {
    const made = await ask('POST', '/api/v1/tokens', { token: tokens.admin, body: { name: 'made', scope: 'run', expires: null } });
    const { secret } = JSON.parse(made.text) as { secret: string };
    expect((await ask('GET', '/api/v1/runs', { token: secret })).status).toBe(200);
    const list = await ask('GET', '/api/v1/tokens', { token: tokens.admin });
    expect(list.text).toContain('"name":"made"');
    expect(list.text).not.toContain(secret.slice(12));
    for (const body of [
      { name: 'made', scope: 'run' },
      { name: '', scope: 'run' },
      { name: 'x', scope: 'all' },
      { name: 'x', scope: 'run', expires: '2020-01-01' },
    ])
      expect((await ask('POST', '/api/v1/tokens', { token: tokens.admin, body })).status, JSON.stringify(body)).toBe(400);
    expect((await ask('DELETE', '/api/v1/tokens/made', { token: tokens.admin })).status).toBe(204);
    expect((await ask('GET', '/api/v1/runs', { token: secret })).code).toBe('SERVER_TOKEN_NEEDED');
  });
  it('keeps only hashes', () => {
    database.pragma('wal_checkpoint(TRUNCATE)');
    const stored = readFileSync(join(folder, 'data', 'facewright.sqlite')).toString('latin1');
    for (const token of Object.values(tokens)) expect(stored).not.toContain(token.slice(12));
  });
});

describe('facewright token', () => {
  const cli = (...args: string[]) => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../../cli/src/main.ts'), 'token', ...args, '--data', join(folder, 'data')],
      { encoding: 'utf8' },
    );
    return { out: stdout.trim(), complaint: stderr.trim(), status };
  };
  it('makes a token that a running server knows at once, lists it and revokes it', async () => {
    const { out: secret } = cli('create', 'from the shell', '--scope', 'read', '--expires', '2h');
    expect((await ask('GET', '/api/v1/runs', { token: secret })).status).toBe(200);
    expect(cli('list').out).toMatch(/from the shell +read +\d{4}-\d\d-\d\d \d\d:\d\d +\d{4}-/);
    expect(cli('revoke', 'from the shell')).toEqual({ out: '', complaint: '', status: 0 });
    expect((await ask('GET', '/api/v1/runs', { token: secret })).code).toBe('SERVER_TOKEN_NEEDED');
    expect(cli('revoke', 'from the shell').complaint).toContain('expected one that exists');
    expect(cli('create', 'x', '--scope', 'read', '--expires', 'soon').complaint).toContain('--expires: expected');
    // Six processes, one after the other.
  }, 60_000);
});

describe('limits', () => {
  it('JSON that nests too deep is refused before it is parsed', async () => {
    const deep = await fetch(`${server.url}/api/v1/graphs/validate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens.read}` },
      body: `{"graph":${'['.repeat(30_000)}`,
    });
    expect([deep.status, await deep.text()]).toEqual([413, expect.stringContaining('SERVER_TOO_DEEP')]);
  });
  it('headers without end are refused', async () => {
    const { port } = server;
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n`));
      socket.once('data', (data) => resolve(data.toString().split('\r\n')[0]!)).on('error', () => resolve('reset'));
    });
    expect(answer).toMatch(/431|reset/);
  });
  it('a socket that sends too much is let go', async () => {
    const { socket } = await knock({ auth: { token: tokens.read } });
    const ended = new Promise((resolve) => socket.on('disconnect', resolve));
    for (let i = 0; i < 300; i++) socket.emit('unwatch', 'x');
    expect(await ended).toBe('io server disconnect');
    const { socket: loud } = await knock({ auth: { token: tokens.read } });
    const closed = new Promise((resolve) => loud.on('disconnect', resolve));
    loud.emit('unwatch', 'x'.repeat(200_000));
    expect(await closed).toMatch(/transport/);
  });
});

it('pages of other sites get nothing, whatever cookie they bring, and pages say what they may load', async () => {
  const cookie = (await login(tokens.admin)).split(';')[0] ?? '';
  for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }] as Record<
    string,
    string
  >[]) {
    const { status, code } = await ask('POST', '/api/v1/runs', { cookie, body: { graph }, headers });
    expect([status, code]).toEqual([403, 'SERVER_FOREIGN']);
  }
  const { response } = await ask('GET', '/');
  const policy = response.headers.get('content-security-policy')!;
  expect(policy).not.toContain('unsafe');
  expect(policy).toContain("frame-ancestors 'none'");
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'permissions-policy': expect.stringContaining('camera=()') as string,
  });
});

// Last, since they use up what a client may get wrong in a minute.
describe('a stranger', () => {
  it('is told nothing, on no route but those that ask for their own', async () => {
    const { paths } = JSON.parse((await ask('GET', '/api/v1/openapi.json', { token: tokens.read })).text) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const open: string[] = [];
    for (const [path, operations] of Object.entries(paths))
      for (const method of Object.keys(operations)) {
        const { code } = await ask(method.toUpperCase(), path.replace(/\{\w+\}/g, 'x'));
        if (code !== 'SERVER_TOKEN_NEEDED' && code !== 'SERVER_TOO_MANY') open.push(`${method} ${path}`);
      }
    expect(open.sort()).toEqual([
      'delete /api/v1/session',
      'get /api/v1/judge/{token}',
      'get /api/v1/judge/{token}/pictures/{set}/{picture}',
      'get /api/v1/session',
      'post /api/v1/judge/{token}/votes',
      'post /api/v1/session',
    ]);
  });
  it('that guesses is answered with 429, and the right token still comes in', async () => {
    const codes = new Set<string | undefined>();
    for (let i = 0; i < 32; i++) codes.add((await ask('POST', '/api/v1/session', { body: { token: `guess ${i}` } })).code);
    expect([...codes]).toEqual(['SERVER_BAD_TOKEN', 'SERVER_TOO_MANY']);
    expect((await ask('GET', '/api/v1/runs', { token: tokens.read })).status).toBe(200);
  });
});
