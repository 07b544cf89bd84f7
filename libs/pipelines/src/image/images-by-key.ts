// Pictures by their keys, which say what belongs together in several lists.
import type { Image } from '@facewright/core';
import type { CodedError } from '@facewright/tensor';

/** In the order of the list. Throws what `duplicate` makes of all keys that several pictures have. */
export function imagesByKey(images: readonly Image[], duplicate: (keys: readonly string[]) => CodedError): ReadonlyMap<string, Image> {
  const found = new Map(images.map((image) => [image.key, image]));
  if (found.size === images.length) return found;
  throw duplicate([...Map.groupBy(images, ({ key }) => key)].flatMap(([key, same]) => (same.length > 1 ? [key] : [])));
}
