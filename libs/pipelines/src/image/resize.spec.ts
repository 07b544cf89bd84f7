import type { ImageBuffer } from '@facewright/tensor';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cropImage, resizeAndCropCentre, resizeImage, type ResizeFilter } from './resize.ts';

type Picture = readonly [width: number, height: number, base64: string];
const fixture = JSON.parse(readFileSync(new URL('./fixtures/pillow-resize.json', import.meta.url), 'utf8')) as {
  readonly resize: readonly { readonly filter: ResizeFilter; readonly source: Picture; readonly target: Picture }[];
  readonly crop: readonly { readonly size: number; readonly source: Picture; readonly target: string }[];
};
const image = ([width, height, base64]: Picture): ImageBuffer => ({
  width,
  height,
  channels: 3,
  data: Uint8Array.from(Buffer.from(base64, 'base64')),
});

describe('resizing', () => {
  it.each(fixture.resize.map((c) => [c.filter, c.source.slice(0, 2).join('x'), c.target.slice(0, 2).join('x'), c] as const))(
    'gives the bytes of Pillow: %s, %s to %s',
    (filter, _from, _to, { source, target }) => {
      expect(resizeImage(image(source), target[0], target[1], filter)).toEqual(image(target));
    },
  );

  it.each(fixture.crop.map((c) => [c.source.slice(0, 2).join('x'), c.size, c] as const))(
    'takes the middle square as torchvision does: %s to %d',
    (_from, size, { source, target }) => {
      expect(resizeAndCropCentre(image(source), size)).toEqual(image([size, size, target]));
    },
  );

  it('leaves a picture of the wanted size as it is', () => {
    const picture = image(fixture.resize[0]!.source);
    expect(resizeImage(picture, picture.width, picture.height, 'bicubic')).toEqual(picture);
  });

  it('resizes masks of one channel', () => {
    const mask: ImageBuffer = { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) };
    expect([...resizeImage(mask, 4, 1, 'bilinear').data]).toEqual([0, 64, 191, 255]);
  });
});

describe('cropping', () => {
  it('takes the pixels between the edges', () => {
    const picture: ImageBuffer = { width: 3, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect(cropImage(picture, 1, 0, 3, 2)).toEqual({ width: 2, height: 2, channels: 1, data: Uint8Array.of(2, 3, 5, 6) });
  });
});
