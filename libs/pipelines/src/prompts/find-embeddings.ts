// Where a prompt names textual inversions.

/** Text to tokenize, the name of a textual inversion that stands there, or a name that is none. */
export type Part = { readonly text: string } | { readonly embedding: string } | { readonly unknown: string };

const endings = String.raw`(?:\.(?:pt|bin|safetensors))?`;
const [notAfter, notBefore] = [String.raw`(?<![\p{L}\p{N}_-])`, String.raw`(?![\p{L}\p{N}_-])`];
/** Whatever stands behind ComfyUI's prefix up to a space or comma, less the punctuation that ends a sentence. */
const anyName = String.raw`embedding:([^\s,]*[^\s,.;:!?])`;

/**
 * Gives a function that takes text apart. Names count as whole words in any case, the longest that fits first, with the file ending or without;
 * behind ComfyUI's `embedding:` a name must be one, and what is none is told as unknown.
 */
export function embeddingFinder(names: Iterable<string>): (text: string) => readonly Part[] {
  const known = new Map([...names].map((name) => [name.toLowerCase(), name]));
  const longestFirst = [...known.keys()].sort((a, b) => b.length - a.length).map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const one = longestFirst.length > 0 ? `(?:embedding:)?(${longestFirst.join('|')})${endings}${notBefore}` : '(?!)()';
  const pattern = new RegExp(`${notAfter}(?:${one}|${anyName})`, 'giu');
  return (text) => {
    const parts: Part[] = [];
    let at = 0;
    for (const match of text.matchAll(pattern)) {
      const [whole, written, unknown] = match;
      const embedding = known.get(written?.toLowerCase() ?? '');
      // Regular expressions take some letters for others that toLowerCase tells apart, as ſ for s.
      if (embedding === undefined && unknown === undefined) continue;
      if (match.index > at) parts.push({ text: text.slice(at, match.index) });
      parts.push(embedding !== undefined ? { embedding } : { unknown: unknown! });
      at = match.index + whole.length;
    }
    if (at < text.length) parts.push({ text: text.slice(at) });
    return parts;
  };
}
