import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeLayers, decodePicture } from './picture-codec.ts';

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
