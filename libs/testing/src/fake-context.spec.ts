import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunnableModel, Session, SessionState } from '@facewright/tensor';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createFakeContext, type KeptCheckpoint } from './fake-context.ts';

const model: RunnableModel = { bytes: new Uint8Array(), inputs: [], outputs: [], files: [], memory: [] };
function sessions() {
  const opened: unknown[] = [];
  let released = 0;
  const open = async (_: RunnableModel, options?: { readonly state?: readonly SessionState[] }): Promise<Session> => {
    opened.push(options?.state);
    return { inputs: [], outputs: [], run: async () => ({}), readState: async () => ({}), release: async () => void released++ };
  };
  return { opened, open, released: () => released };
}

describe('createFakeContext', () => {
  it('gives back the pixels of a picture it stored, a mask as three equal channels', async () => {
    const { images } = createFakeContext();
    const data = Uint8Array.from({ length: 18 }, (_, i) => i * 14);
    const stored = await images.write({ width: 3, height: 2, channels: 3, data }, { key: 'k', caption: 'c' });
    expect(stored).toMatchObject({ width: 3, height: 2, key: 'k', caption: 'c', asset: { mediaType: 'image/png' } });
    expect(await images.read(stored)).toEqual({ width: 3, height: 2, channels: 3, data });
    const mask = await images.write({ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) }, { key: 'm', caption: '' });
    expect((await images.read(mask)).data).toEqual(Uint8Array.of(0, 0, 0, 255, 255, 255));
  });
  it('flattens a transparent picture on white', async () => {
    const { images, assets } = createFakeContext();
    const png = await sharp(Buffer.from([10, 20, 30, 0]), { raw: { width: 1, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    expect((await images.read(await assets.write(png, 'image/png'))).data).toEqual(Uint8Array.of(255, 255, 255));
  });
  it('names bytes by their content and refuses what it does not have', async () => {
    const { assets, images } = createFakeContext();
    const asset = await assets.write(new TextEncoder().encode('abc'), 'text/plain');
    // FIPS 180-4 gives this digest of "abc".
    expect(asset.id).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    await expect(assets.read({ ...asset, id: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({ code: 'ENGINE_MISSING_ASSET' });
    await expect(images.read(asset)).rejects.toMatchObject({ code: 'ENGINE_BAD_IMAGE' });
  });
  it('keeps a checkpoint for the next context, says stop when it is told to, and saves before it throws for a cancel', async () => {
    const kept: KeptCheckpoint = { checkpoint: null };
    const cancel = new AbortController();
    const first = createFakeContext({ kept, signal: cancel.signal, onGate: () => 'stop' });
    const save = () => first.checkpoint.save({ data: { step: 3 } });
    expect(await first.gate(save)).toBe('stop');
    expect(kept.checkpoint).toBeNull();
    first.unfinished('3 of 4 steps');
    expect(first.said.unfinished).toEqual(['3 of 4 steps']);
    cancel.abort();
    await expect(first.gate(save)).rejects.toThrow();
    expect(await createFakeContext({ kept }).checkpoint.load()).toEqual({ data: { step: 3 } });
  });
  it('puts an asset into a file with the ending that its readers look for', async () => {
    const { assets } = createFakeContext();
    const path = await assets.file({ asset: await assets.write(Uint8Array.of(1, 2), 'application/x-safetensors') });
    expect(path.endsWith('.safetensors')).toBe(true);
    expect(new Uint8Array(await readFile(path))).toEqual(Uint8Array.of(1, 2));
  });
  it('lists, reads, names and writes files, and lets nothing out of its folder', async () => {
    const context = createFakeContext();
    const { files } = context;
    await files.write('b.png', Uint8Array.of(1));
    await files.write('sub/a.png', Uint8Array.of(2));
    await writeFile(join(context.folder(), 'A.PNG'), '');
    expect(await files.list(context.folder(), ['.png'])).toEqual(['A.PNG', 'b.png'].map((name) => join(context.folder(), name)));
    expect([...context.written.keys()]).toEqual(['b.png', 'sub/a.png']);
    expect(await files.exists(join(context.folder(), 'sub'))).toBe('folder');
    expect(await files.ref(join(context.folder(), 'b.png'))).toMatchObject({
      bytes: 1,
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    await expect(files.write('../out', Uint8Array.of(1))).rejects.toMatchObject({ code: 'ENGINE_OUTSIDE_FOLDER' });
    const path = await files.write('abc', Uint8Array.of(1, 2, 3));
    expect([await files.size(path), await files.part(path, 1, 9)]).toEqual([3, Uint8Array.of(2, 3)]);
    await expect(files.read('/no/such')).rejects.toMatchObject({ code: 'ENGINE_MISSING_FILE' });
    await expect(files.list('/no/such', ['.png'])).rejects.toMatchObject({ code: 'ENGINE_MISSING_FOLDER' });
  });
  it('shares sessions without state by key, makes those with state anew, and releases all', async () => {
    const { opened, open, released } = sessions();
    const context = createFakeContext({ openSession: open });
    expect(await context.session('a', () => model)).toBe(await context.session('a', () => model));
    await context.session('t', () => model, { state: [] });
    await context.session('t', () => model, { state: [] });
    expect(opened).toEqual([undefined, [], []]);
    expect([...context.said.sessions]).toEqual(['a', 't']);
    await context.close();
    expect(released()).toBe(3);
  });
  it('records what the node says', () => {
    const context = createFakeContext();
    context.progress(1, 2);
    context.metric('loss', 3, 0.5);
    context.log('warn', 'careful');
    expect(context.said).toMatchObject({
      progress: [{ done: 1, total: 2 }],
      metrics: [{ name: 'loss', step: 3, value: 0.5 }],
      logs: [{ level: 'warn', message: 'careful' }],
    });
  });
});
