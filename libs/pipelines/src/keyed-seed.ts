// One seed out of a seed and a name, so that what is drawn depends on what it is for and never on the order of drawing.

/** FNV-1a over the characters, then the finaliser of MurmurHash3; 32 bits, as many as the generator takes. */
export function keyedSeed(seed: number, key: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}:${key}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
