// The sets of pictures of a judging task: from lists of several models, or from one list with several pictures of each prompt.
import type { Image, JudgingTask } from '@facewright/core';
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

/** One picture of each list with the same key, in the order of the first list. Throws JUDGEMENT_DUPLICATE, JUDGEMENT_LABELS, JUDGEMENT_NO_SETS. */
export function setsOfLists(lists: readonly LabelledPictures[]): PickedSets {
  const labels = lists.map(({ label }) => label);
  const again = labels.find((label, i) => labels.indexOf(label) !== i);
  if (again !== undefined) throw err.LABELS(again);
  const byKey = lists.map(({ label, images }) => {
    const map = Map.groupBy(images, ({ key }) => key);
    const twice = [...map].filter(([, same]) => same.length > 1).map(([key]) => key);
    if (twice.length > 0) throw err.DUPLICATE(label, twice);
    return map;
  });
  const sets = lists[0]!.images.flatMap(({ key }): JudgedSet[] => {
    const images = byKey.flatMap((map) => map.get(key) ?? []);
    return images.length === lists.length ? [{ key, caption: sameCaption(images), images }] : [];
  });
  if (sets.length === 0)
    throw err.NO_SETS(`no key is in all of ${lists.map(({ label, images }) => `${label} (${images.length} pictures)`).join(', ')}`);
  return { labels, sets, leftOver: lists.reduce((sum, { images }) => sum + images.length - sets.length, 0) };
}

/** Pictures of one list with the same caption, by threes where there are more than three; a last one alone is left over. Throws JUDGEMENT_NO_SETS. */
export function setsOfCaptions(pictures: readonly Image[]): PickedSets {
  const sets: JudgedSet[] = [];
  for (const [caption, same] of Map.groupBy(pictures, (image) => image.caption))
    for (let at = 0; at < same.length;) {
      // Four are two pairs: three of them would leave one alone.
      const size = same.length - at === 4 ? 2 : Math.min(3, same.length - at);
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
