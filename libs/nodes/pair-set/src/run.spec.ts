import type { Box, Image } from '@facewright/core';
import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { run } from './run.ts';

const ctx = createFakeContext();
const picture = (key: string, grey: number, [width, height]: readonly [number, number] = [40, 40]): Promise<Image> =>
  ctx.images.write({ width, height, channels: 3, data: new Uint8Array(width * height * 3).fill(grey) }, { key, caption: `caption ${key}` });
const pictures = (greys: Readonly<Record<string, number>>) => Promise.all(Object.entries(greys).map(([key, grey]) => picture(key, grey)));
const whole: Box = [0, 0, 40, 40];
async function pair(
  inputs: { good: readonly Image[]; bad: readonly Image[]; boxes: Readonly<Record<string, readonly Box[]>> } & Partial<
    Parameters<typeof run>[0]
  >,
) {
  const { good, bad, boxes, ...rest } = inputs;
  const faces = {
    images: good.map((image) => ({ image, faces: (boxes[image.key] ?? []).map((box) => ({ box, confidence: 1, landmarks: [] })) })),
  };
  return run({ good, bad, faces, smallestFace: 16, leastDifference: 2, limit: 0, ...rest }, ctx);
}

describe('a pair set', () => {
  it('pairs pictures of the same key in the order of the good ones, with boxes cut at the edge', async () => {
    const { pairs, preview } = await pair({
      good: await pictures({ a: 10, b: 20 }),
      bad: await pictures({ b: 90, a: 50 }),
      boxes: { a: [[-3.5, 2.2, 30.1, 60]], b: [whole] },
    });
    expect(pairs.pairs.map(({ key, caption, boxes }) => [key, caption, boxes])).toEqual([
      ['a', 'caption a', [[0, 2, 31, 40]]],
      ['b', 'caption b', [whole]],
    ]);
    expect(pairs.pairs[0]!.good.asset.id).not.toBe(pairs.pairs[0]!.bad.asset.id);
    expect(pairs.manifest).toMatchObject({ pairs: 2, leftOut: { withoutPartner: 0, withoutFace: 0, smallFace: 0, tooAlike: 0 } });
    expect(preview.width).toBeGreaterThan(0);
  });
  it('leaves out what teaches nothing, and counts why', async () => {
    const good = await pictures({ alone: 1, faceless: 1, small: 1, alike: 1, fine: 1 });
    const { pairs } = await pair({
      good,
      bad: await pictures({ faceless: 99, small: 99, alike: 2, fine: 99 }),
      boxes: { alone: [whole], small: [[0, 0, 15, 40]], alike: [whole], fine: [whole, [0, 0, 9, 9]] },
    });
    expect(pairs.pairs.map(({ key, boxes }) => [key, boxes])).toEqual([['fine', [whole]]]);
    expect(pairs.manifest).toMatchObject({
      pairs: 1,
      leftOut: { withoutPartner: 1, withoutFace: 1, smallFace: 1, tooAlike: 1 },
      why: {
        alone: 'without a partner',
        faceless: 'no face',
        small: 'no face of 16 pixels',
        alike: 'differs by 1.00, less than 2',
      },
      made: { by: 'facewright/pair-set@1', settings: { smallestFace: 16, leastDifference: 2 } },
    });
  });
  it('measures the difference inside the faces only', async () => {
    const good = [await picture('a', 100)];
    const data = new Uint8Array(4800).fill(100);
    data.fill(255, 0, 40 * 3 * 10);
    const bad = [await ctx.images.write({ width: 40, height: 40, channels: 3, data }, { key: 'a', caption: '' })];
    await expect(pair({ good, bad, boxes: { a: [[0, 20, 40, 40]] } })).rejects.toMatchObject({
      code: 'PAIR_SET_EMPTY',
      message: expect.stringContaining('1 that differ by less than 2') as string,
    });
    expect((await pair({ good, bad, boxes: { a: [[0, 0, 40, 20]] } })).pairs.pairs).toHaveLength(1);
  });
  it('says of every pair how its faces were found and how much it differs', async () => {
    const detected = { by: 'facewright/face-detect@1', models: {}, settings: { threshold: 0.9 } };
    const [good, bad] = [await pictures({ a: 10 }), await pictures({ a: 50 })];
    const { pairs } = await run(
      {
        good,
        bad: bad.map((image) => ({ ...image, made: { ...detected, by: 'facewright/inpaint@2' } })),
        faces: { images: [{ image: good[0]!, faces: [{ box: whole, confidence: 0.97, landmarks: [] }] }], made: detected },
        smallestFace: 16,
        leastDifference: 2,
        limit: 0,
      },
      ctx,
    );
    expect(pairs.pairs[0]).toMatchObject({
      bad: { made: { by: 'facewright/inpaint@2' } },
      made: { difference: 40, detected, confidences: [0.97] },
    });
  });
  it('stops at the limit', async () => {
    const { pairs } = await pair({
      good: await pictures({ a: 1, b: 1, c: 1 }),
      bad: await pictures({ a: 50, b: 50, c: 50 }),
      boxes: { a: [whole], b: [whole], c: [whole] },
      limit: 2,
    });
    expect(pairs.pairs.map(({ key }) => key)).toEqual(['a', 'b']);
  });
  it('names all partners of unequal sizes at once', async () => {
    const bad = [await picture('a', 1, [20, 40]), await picture('b', 1), await picture('c', 1, [40, 41])];
    await expect(pair({ good: await pictures({ a: 1, b: 1, c: 1 }), bad, boxes: { a: [whole] } })).rejects.toMatchObject({
      code: 'PAIR_SET_SIZES',
      message: expect.stringMatching(/2 of another size:\n {2}a: 40x40 and 20x40\n {2}c: 40x40 and 40x41/) as string,
    });
  });
  it('says that there is no face anywhere, no partner, or one key twice', async () => {
    const [good, bad] = [await pictures({ a: 1 }), await pictures({ b: 1 })];
    await expect(pair({ good, bad: good, boxes: {} })).rejects.toMatchObject({ code: 'PAIR_SET_NO_FACES' });
    await expect(pair({ good, bad, boxes: { a: [whole] } })).rejects.toMatchObject({ code: 'PAIR_SET_NO_PARTNERS' });
    await expect(pair({ good, bad: [...good, ...good], boxes: { a: [whole] } })).rejects.toMatchObject({
      code: 'PAIR_SET_DUPLICATE',
      message: expect.stringContaining('bad') as string,
    });
  });
});
