// Pair set: the work of the node.
import type { Box, Image, NodeRun, PairSet } from '@facewright/core';
import { boxInside, contactSheet } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';
import type { definition } from './definition.ts';
import { err } from './errors.ts';

/** Throws PAIR_SET_DUPLICATE, PAIR_SET_NO_FACES, PAIR_SET_NO_PARTNERS, PAIR_SET_SIZES with all that differ, and PAIR_SET_EMPTY with the reasons. */
export const run: NodeRun<typeof definition> = async ({ good, bad, faces, smallestFace, leastDifference, limit }, ctx) => {
  const partners = byKey('bad', bad);
  const boxes = new Map(faces.images.map(({ image, faces: found }) => [image.key, found.map(({ box }) => box)]));
  if ([...boxes.values()].every((found) => found.length === 0)) throw err.NO_FACES(faces.images.length);
  const both = [...byKey('good', good).values()].flatMap((image) => {
    const partner = partners.get(image.key);
    return partner ? [{ good: image, bad: partner }] : [];
  });
  if (both.length === 0) throw err.NO_PARTNERS(good.length, bad.length);
  checkSizes(both);

  const leftOut = { withoutPartner: good.length - both.length, withoutFace: 0, smallFace: 0, tooAlike: 0 };
  const pairs: PairSet['pairs'] = [];
  const shown: ImageBuffer[] = [];
  for (const [index, pair] of both.entries()) {
    ctx.signal.throwIfAborted();
    if (limit > 0 && pairs.length === limit) break;
    const all = (boxes.get(pair.good.key) ?? []).map((box) => boxInside(box, pair.good)).filter((box) => box !== null);
    const large = all.filter(([x1, y1, x2, y2]) => Math.min(x2 - x1, y2 - y1) >= smallestFace);
    if (large.length === 0) {
      if (all.length === 0) leftOut.withoutFace++;
      else leftOut.smallFace++;
    } else {
      const pictures = await Promise.all([ctx.images.read(pair.good), ctx.images.read(pair.bad)]);
      if (meanDifference(...pictures, large) < leastDifference) leftOut.tooAlike++;
      else {
        pairs.push({ key: pair.good.key, caption: pair.good.caption, ...pair, boxes: large });
        if (shown.length < 32) shown.push(...pictures);
      }
    }
    ctx.progress(index + 1, both.length);
  }
  if (pairs.length === 0)
    throw err.EMPTY(
      `${leftOut.withoutPartner} without a partner, ${leftOut.withoutFace} without a face, ${leftOut.smallFace} whose faces are below ${smallestFace} pixels, ${leftOut.tooAlike} that differ by less than ${leastDifference}`,
    );
  const sheet = contactSheet(shown, { columns: 8 });
  ctx.progress(both.length, both.length, sheet);
  ctx.log(
    'info',
    `${pairs.length} pairs; left out ${leftOut.withoutPartner} without a partner, ${leftOut.withoutFace} without a face, ${leftOut.smallFace} with small faces only, ${leftOut.tooAlike} too alike`,
  );
  return {
    pairs: { pairs, manifest: { pairs: pairs.length, leftOut, smallestFace, leastDifference, limit } },
    preview: await ctx.images.write(sheet, { key: 'pairs', caption: 'good and bad, side by side' }),
  };
};

function byKey(port: string, images: readonly Image[]): Map<string, Image> {
  const found = new Map(images.map((image) => [image.key, image]));
  if (found.size === images.length) return found;
  const repeated = [...found.keys()].filter((key) => images.filter((image) => image.key === key).length > 1);
  throw err.DUPLICATE(port, repeated);
}

function checkSizes(both: readonly { readonly good: Image; readonly bad: Image }[]): void {
  const problems = both.flatMap(({ good, bad }) =>
    good.width === bad.width && good.height === bad.height
      ? []
      : [`${good.key}: ${good.width}x${good.height} and ${bad.width}x${bad.height}`],
  );
  if (problems.length > 0) throw err.SIZES(problems);
}

/** Mean absolute difference of the bytes inside the boxes, 0..255. */
function meanDifference(a: ImageBuffer, b: ImageBuffer, boxes: readonly Box[]): number {
  let [sum, count] = [0, 0];
  for (const [x1, y1, x2, y2] of boxes)
    for (let y = y1; y < y2; y++) {
      const [from, to] = [(y * a.width + x1) * a.channels, (y * a.width + x2) * a.channels];
      for (let i = from; i < to; i++) sum += Math.abs(a.data[i]! - b.data[i]!);
      count += to - from;
    }
  return sum / count;
}
