// The pictures of judged sets as one list for scorers.
import type { Image } from '@facewright/core';

/** Each picture once, in order, with a key of its own: models share keys, and pictures are counted by them. */
export function picturesOf(sets: readonly { readonly images: readonly Image[] }[]): readonly Image[] {
  const byAsset = new Map<string, Image>();
  const keys = new Set<string>();
  for (const { images } of sets)
    images.forEach((image, place) => {
      if (byAsset.has(image.asset.id)) return;
      let key = image.key;
      for (let n = place + 1; keys.has(key); n++) key = `${image.key} (${n})`;
      keys.add(key);
      byAsset.set(image.asset.id, key === image.key ? image : { ...image, key });
    });
  return [...byAsset.values()];
}
