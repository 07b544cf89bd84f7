import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Bytes } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import { float32, int64 } from '@facewright/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssetStore } from './asset-store.ts';
import { openDataFolder, PROJECT_FOLDER, type DataFolder } from './data-folder.ts';
import { isLocked, lockDataFolder } from './data-lock.ts';
import { createLocalHost } from '../local-host.ts';
import { decodePicture, encodePng } from '../files/picture-codec.ts';
import { writeWhole } from '../files/write-file.ts';

let folder: string, data: DataFolder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-spec-'));
  data = openDataFolder(join(folder, 'data'));
});
afterAll(() => {
  data.close();
  rmSync(folder, { recursive: true });
});
const code = (name: string) => expect.objectContaining({ code: name });
const bytes = (text: string) => new TextEncoder().encode(text);
/** A disk that is full after half of the file. */
const fullDisk = (path: string, content: Bytes | string) =>
  writeWhole(path, content, async (part, given) => {
    const whole = typeof given === 'string' || given instanceof Uint8Array ? given : await buffer(given);
    await writeFile(part, whole.slice(0, whole.length / 2));
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  });
/** The same bytes in parts. */
async function* parts(text: string) {
  for (const part of text.split(/(?= )/)) yield await Promise.resolve(bytes(part));
}
const everyFile = (of: string) =>
  existsSync(of)
    ? readdirSync(of, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : [];

describe('a full disk', () => {
  it('is said, leaves no piece behind and does not harm what was stored', async () => {
    const shelf = join(folder, 'full');
    const before = await createAssetStore(shelf).write(bytes('kept'), 'text/plain');
    const store = createAssetStore(shelf, { write: fullDisk });
    await expect(store.write(bytes('too much'), 'text/plain')).rejects.toEqual(code('SERVER_DISK_FULL'));
    await expect(store.write(parts('too much in parts'), 'text/plain')).rejects.toEqual(code('SERVER_DISK_FULL'));
    expect(everyFile(shelf)).toEqual([`${before.id.slice(7)}.txt`]);
    expect(new TextDecoder().decode(await store.read(before.id))).toBe('kept');
    writeFileSync(join(folder, 'old.json'), 'old');
    await expect(fullDisk(join(folder, 'old.json'), 'new content')).rejects.toEqual(code('SERVER_DISK_FULL'));
    expect(readFileSync(join(folder, 'old.json'), 'utf8')).toBe('old');
  });
  it('is told apart from a place that cannot be written', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    await expect(writeWhole(join(folder, 'a-file', 'below'), 'x')).rejects.toEqual(code('SERVER_WRITE_FAILED'));
    expect(() => openDataFolder(join(folder, 'a-file'))).toThrow(expect.objectContaining({ code: 'SERVER_DATA_FOLDER' }));
  });
});

describe('bytes in parts', () => {
  it('are stored under the name of the whole, once', async () => {
    const shelf = join(folder, 'parts');
    const store = createAssetStore(shelf);
    const asset = await store.write(parts('one two three'), 'text/plain');
    expect(asset).toEqual(await store.write(bytes('one two three'), 'text/plain'));
    expect(await store.write(parts('one two three'), 'text/plain')).toEqual(asset);
    expect(everyFile(shelf)).toEqual([`${asset.id.slice(7)}.txt`]);
    expect(new TextDecoder().decode(await store.read(asset.id))).toBe('one two three');
  });
  it('that end in a fault leave nothing', async () => {
    const shelf = join(folder, 'broken');
    await expect(createAssetStore(shelf).write(broken(), 'text/plain')).rejects.toThrow('the source is gone');
    expect(everyFile(shelf)).toEqual([]);
  });
});
async function* broken() {
  yield await Promise.resolve(bytes('half'));
  throw new Error('the source is gone');
}

describe("the user's files", () => {
  it('are named by content, also in folders, and by their ends when they are large', async () => {
    const small = join(folder, 'small.txt');
    writeFileSync(small, 'hello');
    const hello = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    expect(await data.files.describe(small)).toEqual({ path: small, bytes: 5, digest: hello });
    utimesSync(small, 1, 1);
    expect(await data.files.fingerprint(small)).toBe(hello);
    const large = join(folder, 'large.bin');
    writeFileSync(large, 'head');
    truncateSync(large, 65 * 2 ** 20);
    utimesSync(large, 1, 1);
    const first = await data.files.fingerprint(large);
    expect(first).toMatch(/^ends:/);
    appendFileSync(large, 'x');
    expect(await data.files.fingerprint(large)).not.toBe(first);

    const tree = join(folder, 'tree');
    mkdirSync(join(tree, 'sub'), { recursive: true });
    writeFileSync(join(tree, 'sub', 'a.txt'), 'a');
    const before = await data.files.fingerprint(tree);
    expect(await data.files.fingerprint(tree)).toBe(before);
    writeFileSync(join(tree, 'sub', 'a.txt'), 'other');
    expect(await data.files.fingerprint(tree)).not.toBe(before);
    expect(await data.files.fingerprint(join(folder, 'absent'))).toBe('nothing');
  });
  it('are found in the models folders too, the first of them first, by the paths that the picker writes', async () => {
    const roots = ['first', 'second'].map((name) => join(folder, name));
    for (const [root, name] of [
      [0, 'loras/both.pt'],
      [1, 'loras/both.pt'],
      [1, 'vae/one.pt'],
    ] as const) {
      mkdirSync(join(roots[root]!, name, '..'), { recursive: true });
      writeFileSync(join(roots[root]!, name), 'weights');
    }
    const { files, models, close } = openDataFolder(join(folder, 'with-models'), roots);
    expect(models).toEqual(roots);
    expect(files.resolve('loras/both.pt')).toBe(join(roots[0]!, 'loras/both.pt'));
    expect(files.resolve('vae/one.pt')).toBe(join(roots[1]!, 'vae/one.pt'));
    expect(await files.kind('vae/one.pt')).toBe('file');
    expect(files.resolve('vae/none.pt')).toBe(join(process.cwd(), 'vae/none.pt'));
    close();
  });
  it('are found from the working directory, then in the project', async () => {
    expect(data.files.resolve('/a/../b')).toBe('/b');
    expect(data.files.resolve('templates/none-such.json')).toBe(join(process.cwd(), 'templates/none-such.json'));
    expect(data.files.resolve('libs/core/package.json')).toBe(join(PROJECT_FOLDER, 'libs/core/package.json'));
  });
  it('are listed by ending in order of name; missing ones are named', async () => {
    const pictures = join(folder, 'pictures');
    mkdirSync(join(pictures, 'deep.png'), { recursive: true });
    for (const name of ['b.PNG', 'a.png', 'c.txt', '._a.png']) writeFileSync(join(pictures, name), '');
    expect(await data.files.list(pictures, ['.png'])).toEqual([join(pictures, 'a.png'), join(pictures, 'b.PNG')]);
    await expect(data.files.list(join(folder, 'none'), ['.png'])).rejects.toEqual(code('ENGINE_MISSING_FOLDER'));
    await expect(data.files.read(join(folder, 'none'))).rejects.toEqual(code('ENGINE_MISSING_FILE'));
    await expect(data.files.describe(pictures)).rejects.toEqual(code('ENGINE_MISSING_FILE'));
  });
  it('are read in parts, which end where the file does', async () => {
    const file = join(folder, 'parts.bin');
    writeFileSync(file, 'abcdef');
    const part = async (start: number, end: number) => Buffer.from(await data.files.part(file, start, end)).toString();
    expect(await data.files.size(file)).toBe(6);
    expect([await part(0, 2), await part(2, 99), await part(6, 9), await part(4, 4)]).toEqual(['ab', 'cdef', '', '']);
    for (const missing of [folder, join(folder, 'none')]) {
      await expect(data.files.size(missing)).rejects.toEqual(code('ENGINE_MISSING_FILE'));
      await expect(data.files.part(missing, 0, 1)).rejects.toEqual(code('ENGINE_MISSING_FILE'));
    }
  });
});

describe('the host of a run', () => {
  it('writes into the output folder only', async () => {
    const io = createLocalHost({ data, runtime: await createRuntime({ provider: 'null' }), outputFolder: join(folder, 'out') }).openNode(
      'n',
      new AbortController().signal,
    );
    expect(await io.files.write('sub/a.txt', bytes('a'))).toBe(join(folder, 'out', 'sub', 'a.txt'));
    expect(readFileSync(await io.files.write('sub/b.txt', parts('in two')), 'utf8')).toBe('in two');
    // what was there stays, and no piece of the new file
    await expect(io.files.write('sub/b.txt', broken())).rejects.toThrow('the source is gone');
    expect(readFileSync(join(folder, 'out/sub/b.txt'), 'utf8')).toBe('in two');
    expect(readdirSync(join(folder, 'out/sub')).sort()).toEqual(['a.txt', 'b.txt']);
    for (const name of ['../b.txt', '/tmp/b.txt', 'sub/../../b.txt', '.'])
      await expect(io.files.write(name, bytes('b'))).rejects.toEqual(code('ENGINE_OUTSIDE_FOLDER'));
    await io.close();
  });
  it('never writes over what another node or item of the run has written: the next free name, or a refusal', async () => {
    const host = createLocalHost({ data, runtime: await createRuntime({ provider: 'null' }), outputFolder: join(folder, 'out') });
    const open = (node: string) => host.openNode(node, new AbortController().signal).files;
    const [first, second, other] = [open('save'), open('save'), open('pairs')];
    const written = [
      await first.write('all/p.png', bytes('1'), 'rename'),
      await second.write('all/P.png', bytes('2'), 'rename'),
      await other.write('all/p.png', bytes('3'), 'rename'),
      await second.write('all/P-2.png', bytes('2 again'), 'rename'),
    ];
    expect(written.map((path) => [path.slice(join(folder, 'out').length + 1), readFileSync(path, 'utf8')])).toEqual([
      ['all/p.png', '1'],
      ['all/P-2.png', '2 again'],
      ['all/p-3.png', '3'],
      ['all/P-2.png', '2 again'],
    ]);
    await expect(other.write('all/p.png', bytes('4'))).rejects.toThrow('got one that node save has written');
    await first.write('all/p.png', bytes('a node changes its own file'));
  });
  it('gives the place where a weight file really lies, since onnxruntime follows no symbolic link out of a folder', async () => {
    const [far, near] = [join(folder, 'disk'), join(folder, 'models')];
    for (const each of [far, near]) mkdirSync(each);
    writeFileSync(join(far, 'blob'), 'weights');
    symlinkSync(join(far, 'blob'), join(near, 'model.safetensors'));
    const io = createLocalHost({ data, runtime: await createRuntime({ provider: 'null' }), outputFolder: folder }).openNode(
      'n',
      new AbortController().signal,
    );
    const ref = await io.files.ref(join(near, 'model.safetensors'));
    expect(await io.assets.file(ref)).toBe(realpathSync(join(far, 'blob')));
    rmSync(join(far, 'blob'));
    await expect(io.assets.file(ref)).rejects.toEqual(code('ENGINE_MISSING_FILE'));
  });
  it('releases the sessions with state of a node when it closes', async () => {
    const runtime = await createRuntime({ provider: 'null' });
    const io = createLocalHost({ data, runtime, outputFolder: folder }).openNode('n', new AbortController().signal);
    const model = {
      bytes: new Uint8Array(),
      inputs: [{ name: 'w', dtype: 'float32', shape: [1] }],
      outputs: [{ name: 'v', dtype: 'float32', shape: [1] }],
      files: [],
      memory: [],
    } as const;
    const session = await io.session('key', () => model, {
      state: [{ input: 'w', output: 'v', initial: { dtype: 'float32', dims: [1], data: Float32Array.of(1) } }],
    });
    await session.run({});
    await io.close();
    await expect(session.run({})).rejects.toEqual(code('RUNTIME_RELEASED'));
  });
});

describe('pictures', () => {
  it('come back from PNG as they were, grey ones as RGB', async () => {
    const rgb = { width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 250, 251, 252) } as const;
    expect({
      ...(await decodePicture(await encodePng(rgb), 'a')),
      data: [...(await decodePicture(await encodePng(rgb), 'a')).data],
    }).toEqual({ ...rgb, data: [...rgb.data] });
    const grey = await decodePicture(await encodePng({ width: 2, height: 1, channels: 1, data: Uint8Array.of(7, 90) }), 'b');
    expect([grey.channels, ...grey.data]).toEqual([3, 7, 7, 7, 90, 90, 90]);
  });
  it('that are none are refused by name', async () => {
    await expect(decodePicture(bytes('no'), 'holiday.jpg')).rejects.toThrow(
      /^image holiday\.jpg: expected a picture that can be decoded, got /,
    );
    const png = await encodePng({
      width: 64,
      height: 64,
      channels: 3,
      data: Uint8Array.from({ length: 12288 }, (_, i) => (i * 7919) % 256),
    });
    await expect(decodePicture(png.subarray(0, png.length / 2), 'half.png')).rejects.toEqual(code('ENGINE_BAD_IMAGE'));
  });
});

describe('the lock of the data folder', () => {
  it('keeps a second server out while the first lives, and not after', () => {
    const locked = join(folder, 'locked');
    const unlock = lockDataFolder(locked);
    expect(() => lockDataFolder(locked)).toThrow(expect.objectContaining({ code: 'SERVER_DATA_IN_USE' }));
    expect(() => lockDataFolder(locked)).toThrow(`process id ${process.pid}`);
    unlock();
    expect(isLocked(locked)).toBe(false);
    lockDataFolder(locked)();
  });
  it('does not take a server for alive because its number is another process’s now', () => {
    const left = join(folder, 'left');
    lockDataFolder(left)();
    // As after a power cut, or in a container, where each start has the same number.
    writeFileSync(join(left, 'server.pid'), String(process.pid));
    expect(isLocked(left)).toBe(false);
    lockDataFolder(left)();
  });
  it('is given back by the system when its process is killed', async () => {
    const killed = join(folder, 'killed');
    const source = `import { lockDataFolder } from ${JSON.stringify(new URL('./data-lock.ts', import.meta.url).href)}; lockDataFolder(${JSON.stringify(killed)}); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(() => lockDataFolder(killed)).toThrow(`process id ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'close');
    lockDataFolder(killed)();
  });
});

describe('a checkpoint', () => {
  const tensors = {
    weight: float32([2, 2], [1, -2, 0.5, Number.NaN]),
    step: int64([], [7]),
    flags: { dtype: 'uint8', dims: [3], data: Uint8Array.of(1, 2, 3) } as const,
  };
  const keyOf = (own: string) => ({ family: `${own.slice(0, 2)}-family`, own });
  const pathOf = (own: string) => join(folder, 'data', 'checkpoints', own.slice(0, 2), `${own.slice(0, 2)}-family`, `${own}.safetensors`);
  it('comes back bit by bit after a restart, and a second takes its place', async () => {
    const facts = { curve: [{ name: 'loss', step: 0, value: 0.1 }], text: 'Grüße' };
    await data.checkpoints.save(keyOf('aa01'), { data: facts, tensors });
    const reopened = openDataFolder(join(folder, 'data'));
    expect(await reopened.checkpoints.load(keyOf('aa01'))).toEqual({ data: facts, tensors });
    await reopened.checkpoints.save(keyOf('aa01'), { data: { step: 8 } });
    reopened.close();
    expect(await data.checkpoints.load(keyOf('aa01'))).toEqual({ data: { step: 8 } });
    expect(everyFile(join(folder, 'data', 'checkpoints'))).toEqual(['aa01.safetensors']);
    await data.checkpoints.remove(keyOf('aa01'));
    expect(await data.checkpoints.load(keyOf('aa01'))).toBeNull();
    await data.checkpoints.remove(keyOf('aa01'));
  });
  it.each([
    ['cut short', (path: string) => truncateSync(path, 200)],
    [
      'with one other bit',
      (path: string) =>
        writeFileSync(
          path,
          readFileSync(path).map((byte, at, { length }) => (at === length - 1 ? byte ^ 1 : byte)),
        ),
    ],
    ['that is something else', (path: string) => writeFileSync(path, 'not a checkpoint')],
  ])('%s is told apart from a whole one', async (_, damage) => {
    await data.checkpoints.save(keyOf('bb02'), { data: { step: 3 }, tensors });
    damage(pathOf('bb02'));
    await expect(data.checkpoints.load(keyOf('bb02'))).rejects.toEqual(code('ENGINE_BAD_CHECKPOINT'));
    await data.checkpoints.save(keyOf('bb02'), { data: { step: 4 }, tensors });
    expect(await data.checkpoints.load(keyOf('bb02'))).toEqual({ data: { step: 4 }, tensors });
  });
  it('is found by its family, the newest two of which are kept', async () => {
    const kept = async (own: string) =>
      [await data.checkpoints.load(keyOf(own)), await data.checkpoints.related(keyOf(own), () => 0)].map((found) => found?.data);
    for (const [at, own] of ['dd1', 'dd2', 'dd3'].entries()) {
      await data.checkpoints.save(keyOf(own), { data: own });
      utimesSync(pathOf(own), at, at);
    }
    expect(await kept('dd4')).toEqual([undefined, 'dd3']);
    expect(await kept('dd3')).toEqual(['dd3', 'dd2']);
    expect(await kept('dd2')).toEqual(['dd2', 'dd3']);
    expect(await kept('dd1')).toEqual([undefined, 'dd3']);
    expect((await data.checkpoints.related(keyOf('dd1'), (of) => (of === 'dd2' ? 1 : 0)))!.data).toBe('dd2');
    writeFileSync(pathOf('dd2'), 'damaged');
    expect((await data.checkpoints.related(keyOf('dd1'), (of) => (of === 'dd2' ? 1 : 0)))!.data).toBe('dd3');
  });
  it('clears away what a crash left of writing one', async () => {
    await data.checkpoints.save(keyOf('ee1'), { data: 1 });
    writeFileSync(join(pathOf('ee1'), '..', '.ee1.safetensors.piece.tmp'), 'half');
    expect(await data.checkpoints.related(keyOf('ee1'), () => 0)).toBeNull();
    await data.checkpoints.save(keyOf('ee1'), { data: 2 });
    expect(readdirSync(join(pathOf('ee1'), '..'))).toEqual(['ee1.safetensors']);
  });
  it('counts only while the assets that it refers to are there', async () => {
    const asset = await data.assets.write(bytes('a made pair'), 'text/plain');
    await data.checkpoints.save(keyOf('cc03'), { data: { pairs: [{ good: { asset } }] } });
    expect(await data.checkpoints.load(keyOf('cc03'))).toEqual({ data: { pairs: [{ good: { asset } }] } });
    rmSync((await data.assets.find(asset.id))!.path);
    await expect(data.checkpoints.load(keyOf('cc03'))).rejects.toThrow(`one that needs asset ${asset.id}, which is gone`);
  });
});
