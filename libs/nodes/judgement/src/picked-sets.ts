// The sets of pictures of a judging task: from lists of several models, or from one list with several pictures of each prompt.
import type { Image, JudgingTask } from '@facewright/core';
import { imagesByKey } from '@facewright/pipelines';
import type { Rng } from '@facewright/tensor';
import { drawn } from './drawn.ts';
import { err } from './errors.ts';

export type JudgedSet = JudgingTask['sets'][number];
export interface LabelledPictures {
  readonly label: string;
  readonly images: readonly Image[];
}
export interface PickedSets {
  readonly labels: readonly string[];
  readonly sets: readonly JudgedSet[];
  /** Pictures without a partner. */
  readonly leftOver: number;
}

/**
 * Pictures with the same key, one of each list, in the order of the first list. Of more lists than `perSet`, each set shows some, drawn by lot, so that all are compared with all. Throws
 * JUDGEMENT_DUPLICATE, JUDGEMENT_LABELS, JUDGEMENT_NO_SETS.
 */
export function setsOfLists(lists: readonly LabelledPictures[], perSet: number, rng: Rng): PickedSets {
  const labels = lists.map(({ label }) => label);
  const again = labels.find((label, i) => labels.indexOf(label) !== i);
  if (again !== undefined) throw err.LABELS(again);
  const byKey = lists.map(({ label, images }) => imagesByKey(images, (keys) => err.DUPLICATE(label, keys)));
  const sets = lists[0]!.images.flatMap(({ key }): JudgedSet[] => {
    const all = byKey.flatMap((map, i) => (map.has(key) ? [{ image: map.get(key)!, label: labels[i]! }] : []));
    if (all.length < lists.length) return [];
    const shown = lists.length > perSet ? drawn(all, perSet, rng) : all;
    const images = shown.map(({ image }) => image);
    return [{ key, caption: sameCaption(images), images, ...(shown.length < all.length && { labels: shown.map(({ label }) => label) }) }];
  });
  if (sets.length === 0)
    throw err.NO_SETS(`no key is in all of ${lists.map(({ label, images }) => `${label} (${images.length} pictures)`).join(', ')}`);
  return { labels, sets, leftOver: lists.reduce((sum, { images }) => sum + images.length - sets.length, 0) };
}

/** Pictures of one list with the same caption, by as many as a set shows; a last one alone is left over. Throws JUDGEMENT_NO_SETS. */
export function setsOfCaptions(pictures: readonly Image[], perSet: number): PickedSets {
  const sets: JudgedSet[] = [];
  for (const [caption, same] of Map.groupBy(pictures, (image) => image.caption))
    for (let at = 0; at < same.length;) {
      // Four are two pairs: three of them would leave one alone.
      const size = same.length - at === 4 ? 2 : Math.min(perSet, same.length - at);
      const images = same.slice(at, (at += size));
      if (size > 1) sets.push({ key: images.map(({ key }) => key).join(' | '), caption, images });
    }
  if (sets.length === 0) throw err.NO_SETS(`no two of ${pictures.length} have the same caption`);
  const used = sets.reduce((sum, { images }) => sum + images.length, 0);
  const most = Math.max(...sets.map(({ images }) => images.length));
  return { labels: Array.from({ length: most }, (_, i) => `picture ${i + 1}`), sets, leftOver: pictures.length - used };
}

/** The caption that all pictures bear; none when they differ, because it would tell them apart. */
const sameCaption = (images: readonly Image[]): string =>
  images.every(({ caption }) => caption === images[0]!.caption) ? images[0]!.caption : '';
