import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columns } from './columns.ts';
import { createTransferView } from './transfer-view.ts';

const bin = join(import.meta.dirname, '../../bin/facewright.mjs');
const tinySet = join(import.meta.dirname, '../../../../models/tiny-faces');
const content = Buffer.alloc(200_000, 'weights');
const sha256 = createHash('sha256').update(content).digest('hex');
let folder: string, models: string, server: Server, address: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'models-spec-'));
  models = join(folder, 'library');
  mkdirSync(join(models, 'checkpoints/portraits'), { recursive: true });
  writeFileSync(
    join(models, 'checkpoints/portraits/unet.safetensors'),
    readFileSync(join(tinySet, 'unet/diffusion_pytorch_model.safetensors')),
  );
  server = createServer((request, response) => {
    if (request.url === '/slow.safetensors')
      response.writeHead(200, { etag: '"1"', 'content-length': content.length }).write(content.subarray(0, 999));
    else if (request.url === '/face%20lora.safetensors') response.end(content);
    else response.writeHead(401).end();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function facewright(args: readonly string[], { env = {}, stopAt = '' } = {}) {
  const mirror = args[0] === 'pull' ? ['--allow-host', '127.0.0.1'] : [];
  const child = spawn(process.execPath, [bin, 'models', ...args, ...mirror], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  // Once: a second Ctrl-C ends the process at once.
  const watch = setInterval(() => {
    if (stopAt === '' || !existsSync(join(models, stopAt))) return;
    clearInterval(watch);
    child.kill('SIGINT');
  }, 50);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  return { code, out, err };
}

describe('facewright models list', () => {
  it('prints what is there as a table or JSON, from --models or the environment', async () => {
    const { code, out } = await facewright(['list', '--models', models]);
    expect([
      code,
      out
        .split('\n')
        .slice(0, 2)
        .map((line) => line.split(/ {2,}/)),
    ]).toEqual([
      0,
      [
        ['folder', 'name', 'size', 'kind'],
        ['checkpoints', 'checkpoints/portraits/unet.safetensors', '6.50 MB', 'safetensors'],
      ],
    ]);
    const { out: text } = await facewright(['list', '--json'], { env: { FACEWRIGHT_MODELS: models } });
    expect(JSON.parse(text)).toMatchObject({
      models: [{ path: 'checkpoints/portraits/unet.safetensors' }],
      folders: [models, join(folder, 'models')],
    });
  });
  it('says where it looked when nothing is there, and refuses a folder that is not', async () => {
    expect(await facewright(['list'])).toMatchObject({
      code: 0,
      out: `No models in ${join(folder, 'models')}; name another folder with --models DIR.\n`,
    });
    expect(await facewright(['list', '--models', 'gone'])).toMatchObject({
      code: 1,
      err: `models folder ${join(folder, 'gone')} (--models): expected a folder, got none\n`,
    });
  });
});

describe('facewright models inspect', () => {
  it('describes a file by its path in a models folder, with its hash on request', async () => {
    const { code, out } = await facewright(['inspect', 'checkpoints/portraits/unet.safetensors', '--models', models, '--json', '--sha256']);
    const file = join(models, 'checkpoints/portraits/unet.safetensors');
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      { path: file, format: 'safetensors', kind: 'unknown', sha256: createHash('sha256').update(readFileSync(file)).digest('hex') },
    ]);
  });
  it('lists the parts of a folder, and what is missing with exit code 1', async () => {
    const whole = await facewright(['inspect', tinySet]);
    expect([whole.code, whole.out]).toEqual([
      0,
      expect.stringMatching(/unet\/diffusion_pytorch_model.safetensors +246 +1,619,000 +float32/),
    ]);
    const part = join(folder, 'part');
    mkdirSync(join(part, 'vae'), { recursive: true });
    writeFileSync(join(part, 'model_index.json'), readFileSync(join(tinySet, 'model_index.json')));
    const { code, out } = await facewright(['inspect', part, '--json']);
    expect([code, (JSON.parse(out) as { problems: string[] }).problems]).toEqual([
      1,
      expect.arrayContaining(['missing: unet/', 'missing: scheduler/', 'missing: vae/, a file of weights']),
    ]);
    expect(await facewright(['inspect', 'nothing'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing: expected a model file'),
    });
  });
});

describe('facewright models pull', () => {
  it('downloads into the first models folder, checks, and says how graphs write it', async () => {
    const pulled = await facewright([
      'pull',
      `${address}/face%20lora.safetensors`,
      '--to',
      'loras',
      '--sha256',
      sha256.toUpperCase(),
      '--models',
      models,
    ]);
    expect(pulled.code).toBe(0);
    expect(pulled.out).toBe(
      `${join(models, 'loras/face lora.safetensors')}: 200 kB, SHA-256 ${sha256}\nIn graphs: loras/face lora.safetensors\n`,
    );
    expect(pulled.err).toContain('Downloading 200 kB');
    expect(readFileSync(join(models, 'loras/face lora.safetensors')).equals(content)).toBe(true);
  });
  it('asks for a hash, or prints the one it got', async () => {
    const url = `${address}/face%20lora.safetensors`;
    expect(await facewright(['pull', url, '--to', 'vae'])).toMatchObject({ code: 1, err: expect.stringContaining('--accept-unverified') });
    expect(await facewright(['pull', 'sd15', '--models', models])).toMatchObject({
      code: 1,
      err: expect.stringContaining('v1-5-pruned-emaonly.safetensors: expected a SHA-256'),
    });
    expect(await facewright(['pull', url, '--to', 'vae', '--accept-unverified'])).toMatchObject({
      code: 0,
      out: expect.stringContaining(sha256),
    });
    // without --models: `models` of the working directory, made when needed
    expect(existsSync(join(folder, 'models/vae/face lora.safetensors'))).toBe(true);
  });
  it('says what is wrong: unknown name, no folder, an unknown folder, half a hash, a gated file', async () => {
    for (const [args, text] of [
      [['no-such-model'], 'no-such-model: expected a name of the catalogue or an http or https address'],
      [[`${address}/x.safetensors`], '--to: expected a folder of the models folder'],
      [[`${address}/x.safetensors`, '--to', 'lora'], 'folder: expected one of checkpoints, loras'],
      [[`${address}/x.safetensors`, '--to', 'loras', '--sha256', 'abc'], '--sha256: expected 64 hexadecimal digits'],
      [[`${address}/x.safetensors`, '--to', 'loras', '--accept-unverified'], 'status 401: this file needs a login'],
    ] as const)
      expect(await facewright(['pull', ...args])).toMatchObject({ code: 1, err: expect.stringContaining(text) });
  });
  it('keeps its part when it is stopped by Ctrl-C, and ends with 130', async () => {
    const part = 'loras/slow.safetensors.part';
    const { code, err } = await facewright(
      ['pull', `${address}/slow.safetensors`, '--to', 'loras', '--sha256', sha256, '--models', models],
      { stopAt: part },
    );
    expect([code, err]).toEqual([130, expect.stringContaining('the same command goes on from here')]);
    expect(existsSync(join(models, part))).toBe(true);
  });
});

it('facewright models catalogue names licences and sources', async () => {
  const { out } = await facewright(['catalogue', '--json']);
  expect((JSON.parse(out) as { models: { name: string }[] }).models.map(({ name }) => name)).toContain('face-score');
  expect((await facewright(['catalogue'])).out).toMatch(/^yunet +YuNet face detector +detectors +233 kB +SHA-256 +MIT/m);
});

describe('what people read', () => {
  it('tables are as wide as they need to be, numbers at the right', () => {
    expect(columns(['a', 'size'], [['long', '1']])).toBe('a     size\nlong     1');
  });
  it('a download shows rate and time left on a terminal, and a line now and then elsewhere', () => {
    const shown = (isTTY: boolean) => {
      let [text, clock] = ['', 0];
      const view = createTransferView({ isTTY, columns: 80, write: (part) => (text += part) }, () => clock);
      for (let done = 0; done <= 60; done++, clock += 1000) view.show({ phase: 'download', done: done * 1_000_000, total: 60_000_000 });
      view.end();
      return text;
    };
    expect(shown(true)).toContain('Downloading 20.0 MB of 60.0 MB, 1.00 MB/s, 40 s left');
    expect(shown(true).endsWith('\r\x1b[2K')).toBe(true);
    expect(shown(false).trim().split('\n')).toEqual([
      ...[10, 20, 30, 40, 50].map((done) => expect.stringContaining(`Downloading ${done}.0 MB of 60.0 MB`)),
      'Downloading 60.0 MB of 60.0 MB, 1.00 MB/s',
    ]);
  });
});
