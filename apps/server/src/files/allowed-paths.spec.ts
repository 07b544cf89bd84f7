import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRuntime } from '@facewright/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataFolder, PROJECT_FOLDER, type DataFolder } from '../data/data-folder.ts';
import { createLocalHost } from '../local-host.ts';

let folder: string, data: DataFolder, open: DataFolder;
const at = (...parts: string[]) => join(folder, ...parts);
const refused = { code: 'SERVER_PATH' };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paths-spec-'));
  for (const name of ['models/loras', 'pictures', 'pictures-of-others', 'data/runs/r']) mkdirSync(at(name), { recursive: true });
  for (const name of [
    'models/loras/a.safetensors',
    'pictures/face.png',
    'pictures-of-others/face.png',
    'data/runs/r/out.png',
    'secret.txt',
  ])
    writeFileSync(at(name), name);
  symlinkSync(at('secret.txt'), at('pictures/link.png'));
  symlinkSync(at('pictures-of-others'), at('pictures/folder'));
  data = openDataFolder(at('data'), [at('models')], { allowPaths: [at('pictures')] });
  open = openDataFolder(at('open'));
});
afterAll(() => {
  data.close();
  open.close();
  rmSync(folder, { recursive: true });
});

describe('where tokens are needed, a path of a graph', () => {
  it('leads into models folders, allowed folders and what runs have written', async () => {
    for (const path of [
      at('models/loras/a.safetensors'),
      'loras/a.safetensors',
      at('pictures/face.png'),
      at('data/runs/r/out.png'),
      at('pictures'),
    ])
      expect(await data.files.kind(path), path).not.toBeNull();
    expect(await data.files.kind('models/tiny-faces')).toBe('folder');
    // Only of the working directory, which is none of them.
    expect(await data.files.kind('package.json')).toBeNull();
    expect(await data.files.list(at('pictures'), ['.png'])).toHaveLength(2);
  });
  it.each([
    '/etc/passwd',
    '~/.ssh/id_rsa',
    '~',
    '../secret.txt',
    'loras/../../secret.txt',
    '/proc/self/environ',
    join(PROJECT_FOLDER, 'package.json'),
    'models/\0',
  ])('does not lead to %s', async (path) => {
    for (const ask of [data.files.kind, data.files.read, data.files.size, data.files.describe, data.files.fingerprint] as ((
      path: string,
    ) => Promise<unknown>)[])
      await expect(ask(path)).rejects.toMatchObject(refused);
    await expect(data.files.list(path, ['.png'])).rejects.toMatchObject(refused);
    await expect(data.files.part(path, 0, 9)).rejects.toMatchObject(refused);
  });
  it('does not lead to neighbours, out by a symbolic link, or to what the server keeps', async () => {
    for (const path of [
      'secret.txt',
      'pictures-of-others/face.png',
      'pictures/link.png',
      'pictures/folder/face.png',
      'pictures/../secret.txt',
      'data/facewright.sqlite',
      'data',
    ])
      await expect(data.files.read(at(path)), path).rejects.toMatchObject(refused);
  });
  it('says the same of what is there and of what is not', async () => {
    const [there, missing] = await Promise.all(
      ['secret.txt', 'nothing.txt'].map((name) => data.files.read(at(name)).catch((error: Error) => error.message)),
    );
    expect(String(there).replace('secret', '')).toBe(String(missing).replace('nothing', ''));
  });
  it('is no way around by a reference that the graph brings itself', async () => {
    const host = createLocalHost({ data, runtime: await createRuntime({ provider: 'null' }), outputFolder: at('data/runs/r') });
    const { assets } = host.openNode('n', new AbortController().signal);
    const ref = (path: string) => ({ path, bytes: 9, digest: 'sha256:x' });
    await expect(assets.file(ref(at('secret.txt')))).rejects.toMatchObject(refused);
    expect(await assets.file(ref(at('pictures/face.png')))).toBe(at('pictures/face.png'));
  });
});
it('the owner of the machine reads anything but what has no end', async () => {
  expect(new TextDecoder().decode(await open.files.read(at('secret.txt')))).toBe('secret.txt');
  await expect(open.files.read('/dev/zero')).rejects.toMatchObject({ code: 'ENGINE_MISSING_FILE' });
});
