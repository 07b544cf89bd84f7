// File names out of what people type and out of the keys of pictures.

/** Two of them, a number and an ending are still below what file systems take, bytes. */
const MOST_BYTES = 90;
/** Windows opens devices under these names. */
const DEVICE = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(\.|$)/i;

/** Letters, digits, dot, dash and underscore stay; runs of anything else become one dash. Never empty, never only dots, a name on every system. */
export function safeName(text: string): string {
  const name = text
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  if (name === '') return 'picture';
  const short = new TextDecoder()
    .decode(new TextEncoder().encode(name).subarray(0, MOST_BYTES))
    .replace(/\ufffd+$/, '')
    .replace(/[.-]+$/, '');
  return DEVICE.test(short) ? `_${short}` : short;
}

/** The same for a name that may lead into folders, as in faces/picture. Empty for nothing. */
export const safePath = (text: string): string =>
  text
    .split(/[/\\]/)
    .filter((part) => part !== '')
    .map(safeName)
    .join('/');

/** The name itself, or with -2, -3 … when it was given before; upper and lower case count as the same. */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${name}-${n}`;
  taken.add(unique.toLowerCase());
  return unique;
}
