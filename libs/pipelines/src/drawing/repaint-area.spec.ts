import type { ImageBuffer } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { asMask, boundsOf, latentMask, maskOfBoxes, paste, regionAround, withoutArea, workSize } from './repaint-area.ts';

const grey = (width: number, height: number, value: number, channels: 1 | 3 = 3): ImageBuffer => ({
  width,
  height,
  channels,
  data: new Uint8Array(width * height * channels).fill(value),
});

describe('the area to repaint', () => {
  it('is white in the boxes, cut at the edge of the picture, and black elsewhere', () => {
    const { data } = maskOfBoxes(
      [
        [1, 0, 3, 2],
        [-5, 0, -1, 3],
      ],
      { width: 4, height: 3 },
      0,
    );
    expect([...data]).toEqual([0, 255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 0]);
  });
  it('fades at the edge by the feather', () => {
    const { data } = maskOfBoxes([[8, 0, 24, 32]], { width: 32, height: 32 }, 4);
    const row = [...data.subarray(16 * 32, 17 * 32)];
    expect(row[16]).toBe(255);
    expect(row[0]).toBe(0);
    expect(row[7]! + row[8]!).toBeGreaterThan(250);
    expect(row.slice(2, 14)).toEqual(row.slice(2, 14).toSorted((a, b) => a - b));
  });
  it('covers every latent cell with a pixel that is repainted, from half grey on', () => {
    const mask = maskOfBoxes([[3, 4, 5, 8]], { width: 16, height: 16 }, 0);
    expect([...latentMask(mask, 4)]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...latentMask(grey(8, 4, 127, 1), 4)]).toEqual([0, 0]);
    expect([...latentMask(grey(8, 4, 128, 1), 4)]).toEqual([1, 1]);
  });
  it('shows the model a square around the box where the picture has room for one, and never leaves it', () => {
    expect(regionAround([40, 40, 60, 50], 0.5, { width: 200, height: 100 })).toEqual([30, 25, 70, 65]);
    expect(regionAround([0, 0, 10, 10], 1, { width: 200, height: 100 })).toEqual([0, 0, 30, 30]);
    expect(regionAround([0, 40, 150, 60], 0.5, { width: 200, height: 100 })).toEqual([0, 0, 200, 100]);
  });
  it('works at a size that the model takes, enlarged only when asked', () => {
    expect(workSize({ width: 2048, height: 1024 }, 768, 64)).toEqual({ width: 768, height: 384 });
    expect(workSize({ width: 64, height: 64 }, 768, 16)).toEqual({ width: 64, height: 64 });
    expect(workSize({ width: 64, height: 64 }, 512, 64, true)).toEqual({ width: 512, height: 512 });
    expect(workSize({ width: 10, height: 100 }, 768, 16)).toEqual({ width: 16, height: 96 });
  });
  it('takes the mean of the channels of a coloured mask, and finds its bounds', () => {
    const mask = asMask({ width: 2, height: 1, channels: 3, data: Uint8Array.of(0, 0, 0, 30, 60, 90) });
    expect([...mask.data]).toEqual([0, 60]);
    expect(boundsOf(mask)).toEqual([1, 0, 2, 1]);
    expect(boundsOf(grey(3, 3, 0, 1))).toBeNull();
  });
  it('hides what is repainted from an inpainting model as exact 0', () => {
    const mask: ImageBuffer = { width: 2, height: 1, channels: 1, data: Uint8Array.of(255, 0) };
    expect([...withoutArea({ dims: [1, 3, 1, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }, [mask])]).toEqual([0, 2, 0, 4, 0, 6]);
  });
  it('leaves every pixel outside the mask bit for bit, and mixes where it is grey', () => {
    const mask: ImageBuffer = { width: 4, height: 1, channels: 1, data: Uint8Array.of(0, 0, 128, 255) };
    const { data } = paste(grey(4, 1, 10), grey(3, 1, 210), mask, [1, 0, 4, 1]);
    expect([...data].filter((_, i) => i % 3 === 0)).toEqual([10, 10, 110, 210]);
  });
});
