import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { checkPicture, decodeLayers, decodePicture, encodePng } from './picture-codec.ts';

/** Red, see-through green, half blue. */
const rgba = Buffer.from([255, 0, 0, 255, 0, 255, 0, 0, 0, 0, 255, 128]);
const picture = (channels: 3 | 4, data: Buffer) => sharp(data, { raw: { width: 3, height: 1, channels } });

describe('decoding', () => {
  it('lays a picture on white', async () => {
    const { channels, data } = await decodePicture(await picture(4, rgba).png().toBuffer(), 'p');
    expect([channels, ...data]).toEqual([3, 255, 0, 0, 255, 255, 255, 127, 127, 255]);
  });
  it('keeps the colours under transparent pixels and gives the opacity', async () => {
    const { colours, opacity } = await decodeLayers(await picture(4, rgba).png().toBuffer(), 'p');
    expect([colours.channels, ...colours.data]).toEqual([3, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
    expect([opacity?.channels, ...(opacity?.data ?? [])]).toEqual([1, 255, 0, 128]);
  });
  it('gives no opacity where the file has none', async () => {
    const rgb = Buffer.from([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(await decodeLayers(await picture(3, rgb).png().toBuffer(), 'p')).toMatchObject({
      opacity: null,
      colours: { width: 3, height: 1 },
    });
  });
  it('reads grey with alpha, palettes and 16 bits alike', async () => {
    const of = async (png: Buffer) => {
      const { colours, opacity } = await decodeLayers(png, 'p');
      return [colours.channels, colours.data.length, opacity?.channels, ...(opacity?.data ?? [])];
    };
    const wanted = [3, 9, 1, 255, 0, 128];
    expect(await of(await picture(4, rgba).toColourspace('b-w').png().toBuffer())).toEqual(wanted);
    expect(await of(await picture(4, rgba).png({ palette: true }).toBuffer())).toEqual(wanted);
    expect(await of(await picture(4, rgba).toColourspace('rgb16').png().toBuffer())).toEqual(wanted);
  });
  it('turns both layers as the file says', async () => {
    const { colours, opacity } = await decodeLayers(await picture(4, rgba).withMetadata({ orientation: 6 }).png().toBuffer(), 'p');
    expect([colours.width, colours.height, opacity?.width, opacity?.height]).toEqual([1, 3, 1, 3]);
  });
  it('names what is no picture', async () => {
    await expect(decodeLayers(Buffer.from('text'), 'cat.png')).rejects.toMatchObject({ code: 'ENGINE_BAD_IMAGE' });
  });
});

/** A chunk of a PNG. */
function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
const signature = Buffer.from('89504e470d0a1a0a', 'hex');
function header(width: number, height: number): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([8, 2], 8);
  return chunk('IHDR', data);
}
const refused = { code: 'ENGINE_BAD_IMAGE' };

describe('a hostile picture', () => {
  it('that would unpack to more than memory holds is refused by its head', async () => {
    // 10 GB of black, in 10 MB.
    const bomb = Buffer.concat([
      signature,
      header(60_000, 60_000),
      chunk('IDAT', deflateSync(Buffer.alloc(2 ** 20))),
      chunk('IEND', Buffer.alloc(0)),
    ]);
    await expect(checkPicture(bomb, 'bomb')).rejects.toMatchObject(refused);
    await expect(decodePicture(bomb, 'bomb')).rejects.toMatchObject(refused);
    await expect(decodeLayers(bomb, 'bomb')).rejects.toMatchObject(refused);
  });
  it('with texts that unpack to gigabytes takes no memory for them', async () => {
    const small = await encodePng({ width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) });
    const text = chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), deflateSync(Buffer.alloc(50 * 2 ** 20))]));
    const bomb = Buffer.concat([small.subarray(0, 33), ...Array.from({ length: 40 }, () => text), small.subarray(33)]);
    const before = process.memoryUsage().rss;
    await decodePicture(bomb, 'bomb').catch((error: unknown) => expect(error).toMatchObject(refused));
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20);
  });
  it('of a kind that names files and addresses is no picture', async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" width="9" height="9"><image x:href="/etc/passwd" width="9" height="9"/></svg>`;
    for (const file of [
      svg,
      '%PDF-1.7\n',
      'P6 1 1 255\nabc',
      '#?RADIANCE\n',
      '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><svg/>',
    ])
      await expect(decodePicture(Buffer.from(file), 'p'), file).rejects.toMatchObject(refused);
  });
  it('with many frames is its first frame', async () => {
    const frames = await sharp(Buffer.alloc(4 * 40 * 3, 9), { raw: { width: 4, height: 40, channels: 3, pageHeight: 4 } })
      .gif()
      .toBuffer();
    expect(await decodePicture(frames, 'p')).toMatchObject({ width: 4, height: 4 });
  });
  it('with gigabytes behind its end is not read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'picture-spec-'));
    const path = join(folder, 'long.png');
    writeFileSync(path, await encodePng({ width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) }));
    await checkPicture(path, 'p');
    truncateSync(path, 3 * 2 ** 30);
    await expect(checkPicture(path, 'p')).rejects.toMatchObject(refused);
    rmSync(folder, { recursive: true });
  });
});
