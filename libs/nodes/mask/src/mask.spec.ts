import type { Face, Faces } from '@facewright/core';
import { hullOf, type FaceShape } from '@facewright/pipelines';
import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { run as faceMask } from './face-mask.ts';
import { featherMask } from './feather-mask.ts';
import { fillFace } from './fill-face.ts';
import { run as invertMask } from './invert-mask.ts';

const box = (x1: number, y1: number, x2: number, y2: number): Face => ({ box: [x1, y1, x2, y2], confidence: 1, landmarks: [] });
const blank = (width: number, height: number) => ({ width, height, channels: 1 as const, data: new Uint8Array(width * height) });
function drawn(face: Face, shape: FaceShape, dilation = 0, [width, height] = [100, 100]) {
  const mask = blank(width, height);
  fillFace(mask, face, shape, dilation);
  return { mask, count: mask.data.filter((byte) => byte === 255).length, at: (x: number, y: number) => mask.data[y * width + x] };
}
/** Eyes, nose and mouth of a face of this width, as in the 112-pixel layout of aligned faces. */
const upright: Face = {
  box: [10, 10, 90, 100],
  confidence: 1,
  landmarks: [
    [35, 45],
    [65, 45],
    [50, 60],
    [38, 80],
    [62, 80],
  ],
};

describe('the area of a face', () => {
  it('as a box has the pixels whose centres it holds, and grows by a share of its longer side', () => {
    expect(drawn(box(10, 20, 30, 60), 'box').count).toBe(20 * 40);
    expect(drawn(box(10.4, 20.6, 30.4, 60.6), 'box').count).toBe(20 * 40);
    const grown = drawn(box(10, 20, 30, 60), 'box', 0.1);
    expect([grown.count, grown.at(6, 16), grown.at(33, 63), grown.at(5, 16), grown.at(34, 63)]).toEqual([28 * 48, 255, 255, 0, 0]);
  });
  it('as an ellipse fills its share of the box and leaves the corners', () => {
    const { count, at } = drawn(box(10, 20, 90, 80), 'ellipse');
    expect(count / (80 * 60)).toBeCloseTo(Math.PI / 4, 2);
    expect([at(50, 50), at(10, 20), at(89, 79), at(12, 50)]).toEqual([255, 0, 0, 255]);
  });
  it('by its landmarks goes from brows to chin and from cheek to cheek, and turns with the face', () => {
    const { at, count } = drawn(upright, 'landmarks', 0, [120, 120]);
    // 0.55 of the 35 pixels from eyes to mouth around the hull
    expect([at(50, 26), at(50, 24), at(50, 98), at(50, 100), at(16, 45), at(14, 45)]).toEqual([255, 0, 255, 0, 255, 0]);
    const turned: Face = { ...upright, landmarks: upright.landmarks.map(([x, y]): [number, number] => [120 - y, x]) };
    expect(Math.abs(drawn(turned, 'landmarks', 0, [120, 120]).count / count - 1)).toBeLessThan(0.01);
    expect(drawn(upright, 'landmarks', 0.1, [120, 120]).count).toBeGreaterThan(count * 1.2);
  });
  it('is an ellipse where landmarks are missing, and is cut at the sides of the picture', () => {
    expect(drawn(box(10, 20, 30, 60), 'landmarks').mask).toEqual(drawn(box(10, 20, 30, 60), 'ellipse').mask);
    expect(drawn(box(-20, -20, 10, 10), 'box').count).toBe(100);
    expect(drawn(box(200, 200, 210, 210), 'ellipse').count).toBe(0);
  });
  it('has a hull without the points inside it', () => {
    expect(hullOf(upright.landmarks)).toHaveLength(4);
    expect(
      hullOf([
        [0, 0],
        [1, 1],
        [2, 2],
      ]),
    ).toHaveLength(2);
  });
});

describe('a feathered mask', () => {
  /** The Gaussian by its definition, beyond the sides as at them. */
  function gaussian(mask: ReturnType<typeof blank>, sigma: number): Float64Array {
    const reach = Math.ceil(6 * sigma);
    const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
    const total = weights.reduce((sum, weight) => sum + weight);
    const along = (from: ArrayLike<number>, dx: number, dy: number) =>
      Float64Array.from({ length: from.length }, (_, p) => {
        const [x, y] = [p % mask.width, Math.floor(p / mask.width)];
        return weights.reduce((sum, weight, i) => {
          const xs = Math.max(0, Math.min(mask.width - 1, x + dx * (i - reach)));
          const ys = Math.max(0, Math.min(mask.height - 1, y + dy * (i - reach)));
          return sum + (weight / total) * from[ys * mask.width + xs]!;
        }, 0);
      });
    return along(along(mask.data, 1, 0), 0, 1);
  }
  it('comes within 7 of 255 grey levels of a Gaussian, also at the sides of the picture', () => {
    for (const [sigma, face] of [
      [1, box(10, 12, 40, 33)],
      [2.7, box(20, 20, 80, 60)],
      [8, box(10, 12, 40, 33)],
      [8, box(-30, 30, 45, 200)],
    ] as const) {
      const { mask } = drawn(face, 'ellipse', 0, [100, 80]);
      const wanted = gaussian(mask, sigma);
      const worst = featherMask(mask, sigma).data.reduce((most, byte, i) => Math.max(most, Math.abs(byte - wanted[i]!)), 0);
      expect(worst, `sigma ${sigma}`).toBeLessThan(7);
      expect(worst, `sigma ${sigma}`).toBeGreaterThan(0);
    }
  });
  it('stays as it is without feather, and when it is one grey', () => {
    const { mask } = drawn(box(10, 12, 40, 33), 'box');
    expect(featherMask(mask, 0)).toBe(mask);
    const white = { ...mask, data: new Uint8Array(mask.data.length).fill(255) };
    expect(featherMask(white, 5).data).toEqual(white.data);
  });
});

describe('the mask nodes', () => {
  async function setUp() {
    const ctx = createFakeContext();
    const picture = (key: string) =>
      ctx.images.write({ width: 40, height: 30, channels: 3, data: new Uint8Array(3600) }, { key, caption: `of ${key}` });
    const faces: Faces = {
      images: [
        { image: await picture('two'), faces: [box(2, 2, 12, 12), box(20, 10, 36, 26)] },
        { image: await picture('none'), faces: [] },
      ],
    };
    const white = async (which: 'all' | 'largest' | 'smallest') => {
      const { masks } = await faceMask({ faces, shape: 'box', which, dilation: 0, feather: 0 }, ctx);
      const pixels = await Promise.all(masks.map((mask) => ctx.images.read(mask)));
      return { masks, counts: pixels.map(({ data }) => data.filter((byte) => byte === 255).length / 3) };
    };
    return { ctx, white };
  }
  it('give a mask for every picture under its key, black where there is no face', async () => {
    const { white } = await setUp();
    const { masks, counts } = await white('all');
    expect(masks.map(({ key, caption, width, height }) => [key, caption, width, height])).toEqual([
      ['two', 'of two', 40, 30],
      ['none', 'of none', 40, 30],
    ]);
    expect(counts).toEqual([100 + 256, 0]);
  });
  it('take the largest or the smallest face', async () => {
    const { white } = await setUp();
    expect([(await white('largest')).counts, (await white('smallest')).counts]).toEqual([
      [256, 0],
      [100, 0],
    ]);
  });
  it('invert a mask, and twice is once not at all', async () => {
    const { ctx, white } = await setUp();
    const { masks } = await white('all');
    const once = await invertMask({ masks }, ctx);
    const pixels = await ctx.images.read(once.masks[0]!);
    expect([pixels.data[(5 * 40 + 5) * 3], pixels.data[0], once.masks[0]!.key]).toEqual([0, 255, 'two']);
    const twice = await invertMask(once, ctx);
    expect((await ctx.images.read(twice.masks[0]!)).data).toEqual((await ctx.images.read(masks[0]!)).data);
  });
});
