// File names out of what people type and out of the keys of pictures.

/** Letters, digits, dot, dash and underscore stay; runs of anything else become one dash. Never empty, never only dots. */
export function safeName(text: string): string {
  const name = text.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|-+$/g, '');
  return name === '' ? 'picture' : name.slice(0, 150);
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
