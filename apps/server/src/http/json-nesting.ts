// How deep JSON nests, told before it is parsed: a few megabytes of brackets become a gigabyte of lists.

/** Graphs nest ten deep. */
const DEEPEST = 100;
const [QUOTE, ESCAPE] = [0x22, 0x5c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Whether lists and objects lie within each other more than DEEPEST times; of UTF-8 bytes that may be no JSON. */
export function nestsTooDeep(json: Uint8Array): boolean {
  let depth = 0;
  let within = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]!;
    if (byte === QUOTE) within = !within;
    else if (within) {
      if (byte === ESCAPE) i++;
    } else if (OPENING.has(byte)) {
      if (++depth > DEEPEST) return true;
    } else if (CLOSING.has(byte)) depth--;
  }
  return false;
}
