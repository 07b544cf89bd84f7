// Pair set: the work of the node.
import type { Box, Face, Image, NodeRun, PairSet } from '@facewright/core';
import { boxInside, imagesByKey, madeBy } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';
import { definition } from './definition.ts';
import { err } from './errors.ts';
import { mostShown, pairSheet, shownPicture, type ShownPair } from './pair-sheet.ts';

/** Throws PAIR_SET_DUPLICATE, PAIR_SET_NO_FACES, PAIR_SET_NO_PARTNERS, PAIR_SET_SIZES with all that differ, and PAIR_SET_EMPTY with the reasons. */
export const run: NodeRun<typeof definition> = async ({ good, bad, faces, smallestFace, leastDifference, limit }, ctx) => {
  const partners = imagesByKey(bad, (keys) => err.DUPLICATE('bad', keys));
  const found = new Map(faces.images.map(({ image, faces: those }) => [image.key, those]));
  if ([...found.values()].every((those) => those.length === 0)) throw err.NO_FACES(faces.images.length);
  const all = [...imagesByKey(good, (keys) => err.DUPLICATE('good', keys)).values()];
  const both = all.flatMap((image) => {
    const partner = partners.get(image.key);
    return partner ? [{ good: image, bad: partner }] : [];
  });
  if (both.length === 0) throw err.NO_PARTNERS(good.length, bad.length);
  checkSizes(both);

  const leftOut = { withoutPartner: all.length - both.length, withoutFace: 0, smallFace: 0, tooAlike: 0 };
  const why: Record<string, string> = Object.fromEntries(
    all.filter(({ key }) => !partners.has(key)).map(({ key }) => [key, 'without a partner']),
  );
  const pairs: PairSet['pairs'] = [];
  const shown: ShownPair[] = [];
  for (const [index, pair] of both.entries()) {
    await ctx.gate();
    if (limit > 0 && pairs.length === limit) break;
    const { key, caption } = pair.good;
    const inside = facesInside(found.get(key) ?? [], pair.good);
    const large = inside.filter(({ box: [x1, y1, x2, y2] }) => Math.min(x2 - x1, y2 - y1) >= smallestFace);
    if (large.length === 0) {
      if (inside.length === 0) leftOut.withoutFace++;
      else leftOut.smallFace++;
      why[key] = inside.length === 0 ? 'no face' : `no face of ${smallestFace} pixels`;
    } else {
      const boxes = large.map(({ box }) => box);
      const [before, after] = await Promise.all([ctx.images.read(pair.good), ctx.images.read(pair.bad)]);
      const difference = meanDifference(before, after, boxes);
      if (difference < leastDifference) {
        leftOut.tooAlike++;
        why[key] = `differs by ${difference.toFixed(2)}, less than ${leastDifference}`;
      } else {
        const confidences = large.map(({ confidence }) => confidence);
        pairs.push({ key, caption, ...pair, boxes, made: { difference, confidences, ...(faces.made && { detected: faces.made }) } });
        if (shown.length < mostShown) shown.push({ good: shownPicture(before, boxes), bad: shownPicture(after, boxes), scores: null });
      }
    }
    ctx.progress(index + 1, both.length);
  }
  if (pairs.length === 0)
    throw err.EMPTY(
      `${leftOut.withoutPartner} without a partner, ${leftOut.withoutFace} without a face, ${leftOut.smallFace} whose faces are below ${smallestFace} pixels, ${leftOut.tooAlike} that differ by less than ${leastDifference}`,
    );
  const sheet = pairSheet(shown);
  ctx.progress(both.length, both.length, sheet);
  ctx.log(
    'info',
    `${pairs.length} pairs; left out ${leftOut.withoutPartner} without a partner, ${leftOut.withoutFace} without a face, ${leftOut.smallFace} with small faces only, ${leftOut.tooAlike} too alike`,
  );
  const made = madeBy(definition, {}, { smallestFace, leastDifference, limit }, ctx);
  return {
    pairs: { pairs, manifest: { pairs: pairs.length, leftOut, why, made } },
    preview: await ctx.images.write(sheet, { key: 'pairs', caption: 'good and bad, side by side' }),
  };
};

/** With boxes of whole pixels, cut at the picture's edges. */
const facesInside = (faces: readonly Face[], image: Image): readonly Face[] =>
  faces.flatMap((face) => {
    const box = boxInside(face.box, image);
    return box ? [{ ...face, box }] : [];
  });

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
