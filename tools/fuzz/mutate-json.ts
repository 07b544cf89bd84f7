// Broken versions of a JSON document that still are JSON: members gone, doubled, renamed, of other types, or taken from elsewhere.
import type { Rng } from '@facewright/tensor';
import { chance, few, oddTexts, oddValues, pick } from './suite.ts';

const DEEP = 60;

type Holder = { readonly value: Record<string, unknown> | unknown[]; readonly key: string | number };
const isHolder = (value: unknown): value is Record<string, unknown> | unknown[] => typeof value === 'object' && value !== null;

/** Every place in a document where a value stands. */
function placesIn(document: unknown): Holder[] {
  const places: Holder[] = [];
  const walk = (value: unknown): void => {
    if (!isHolder(value)) return;
    for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
      places.push({ value, key });
      walk((value as Record<string | number, unknown>)[key]);
    }
  };
  walk(document);
  return places;
}
const at = ({ value, key }: Holder): unknown => (value as Record<string | number, unknown>)[key];
/** Also for a key like __proto__. */
const put = ({ value, key }: Holder, member: unknown): void =>
  void Object.defineProperty(value, key, { value: member, writable: true, enumerable: true, configurable: true });
const remove = ({ value, key }: Holder): void => {
  if (Array.isArray(value)) value.splice(key as number, 1);
  else delete (value as Record<string | number, unknown>)[key];
};
const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { a: value };
  return value;
};

/** One to eight changes of a copy; `others`: documents of which parts are taken. */
export function mutateJson(rng: Rng, document: unknown, others: readonly unknown[]): unknown {
  const copy: unknown = structuredClone(document);
  for (let n = few(rng); n > 0; n--) {
    const places = placesIn(copy);
    if (places.length === 0) return pick(rng, oddValues);
    const place = pick(rng, places);
    switch (rng.integer(8)) {
      case 0:
        remove(place);
        break;
      case 1:
        put(place, structuredClone(pick(rng, oddValues)));
        break;
      case 2: {
        const to = Array.isArray(place.value) ? rng.integer(place.value.length + 2) : pick(rng, oddTexts);
        put({ value: place.value, key: to }, at(place));
        if (chance(rng, 0.5)) remove(place);
        break;
      }
      case 3: {
        const other = placesIn(pick(rng, others));
        if (other.length > 0) put(place, structuredClone(at(pick(rng, other))));
        break;
      }
      case 4:
        put(place, structuredClone(at(pick(rng, places))));
        break;
      case 5: {
        const value = at(place);
        if (Array.isArray(value) && value.length > 0)
          value.push(...Array.from({ length: rng.integer(40) }, () => structuredClone(pick(rng, value)) as unknown));
        else if (typeof value === 'number') put(place, value * pick(rng, [-1, 0, 1e9, 1.5, 1e300]));
        else if (typeof value === 'string') put(place, value.repeat(pick(rng, [0, 2, 50])));
        break;
      }
      case 6:
        put(place, nested(1 + rng.integer(DEEP)));
        break;
      default: {
        // A name that is used elsewhere: links, targets and types that point to what they should not.
        const texts = places.map(at).filter((value) => typeof value === 'string');
        if (texts.length > 0 && typeof at(place) === 'string') put(place, pick(rng, texts));
      }
    }
  }
  return copy;
}
