// Which column of a table holds what, by the names that public sets use.
const usual = {
  picture: ['image', 'file_name', 'filename', 'path', 'image_path', 'filepath', 'file_path', 'file', 'img', 'jpg', 'png', 'webp'],
  caption: ['caption', 'text', 'prompt', 'captions', 'description', 'title'],
  key: ['key', 'id', '__key__'],
  address: ['url', 'image_url', 'uri'],
} as const;

/** The column of the first usual name that is there, in any case. */
export function usualColumn(of: keyof typeof usual, columns: readonly string[]): string | undefined {
  for (const name of usual[of]) {
    const found = columns.find((column) => column.toLowerCase() === name);
    if (found !== undefined) return found;
  }
  return undefined;
}
