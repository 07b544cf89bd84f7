// The pictures that a value holds, wherever in it they are.
import type { Image } from './values.ts';

/** By the id of their asset; the first of each. */
export function picturesIn(value: unknown, found = new Map<string, Image>()): ReadonlyMap<string, Image> {
  if (typeof value !== 'object' || value === null) return found;
  if ('asset' in value && 'key' in value) {
    const image = value as Image;
    if (!found.has(image.asset.id)) found.set(image.asset.id, image);
  } else for (const part of Object.values(value)) picturesIn(part, found);
  return found;
}
