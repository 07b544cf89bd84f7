// Texts inside PNG files: written as viewers expect them, read from files that may be anything.

/** Source: PNG specification, third edition, 5.2. */
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
/** Length and type before the data of a chunk, checksum after it. */
const BEFORE = 8;
const AFTER = 4;
const HEADER_BYTES = 13;

export const isPng = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

interface Chunk {
  readonly type: string;
  /** Where the chunk, and its data, begin and end in the file. */
  readonly start: number;
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

/** The chunks that are there in full, up to IEND or to the first that is cut short. Checksums are not looked at. */
function* chunksOf(png: Uint8Array): Generator<Chunk> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  let start: number = SIGNATURE.length;
  while (start + BEFORE <= png.length) {
    const from = start + BEFORE;
    const to = from + view.getUint32(start);
    if (to > png.length) return;
    const type = latin1(png.subarray(start + 4, from));
    const end = Math.min(to + AFTER, png.length);
    yield { type, start, from, to, end };
    if (type === 'IEND') return;
    start = end;
  }
}

/** Keyword and text of a text chunk; the text is null when it is compressed or has no proper form. Source: 11.3.3. */
function textOf(png: Uint8Array, { type, from, to }: Chunk): { readonly keyword: string; readonly text: string | null } | null {
  if (type !== 'iTXt' && type !== 'tEXt' && type !== 'zTXt') return null;
  const data = png.subarray(from, to);
  const keywordEnd = data.indexOf(0);
  if (keywordEnd < 1 || keywordEnd > 79) return null;
  const keyword = latin1(data.subarray(0, keywordEnd));
  if (type === 'tEXt') return { keyword, text: latin1(data.subarray(keywordEnd + 1)) };
  if (type === 'zTXt' || data[keywordEnd + 1] !== 0) return { keyword, text: null };
  const languageEnd = data.indexOf(0, keywordEnd + 3);
  const translationEnd = languageEnd < 0 ? -1 : data.indexOf(0, languageEnd + 1);
  return { keyword, text: translationEnd < 0 ? null : new TextDecoder().decode(data.subarray(translationEnd + 1)) };
}

/** The first text of each keyword; null where it is compressed. Empty for what is no PNG. */
export function readPngText(bytes: Uint8Array): ReadonlyMap<string, string | null> {
  const texts = new Map<string, string | null>();
  if (!isPng(bytes)) return texts;
  for (const chunk of chunksOf(bytes)) {
    const found = textOf(bytes, chunk);
    if (found && !texts.has(found.keyword)) texts.set(found.keyword, found.text);
  }
  return texts;
}

/** The file with iTXt chunks (UTF-8, not compressed) after its header, in place of those it had under the same keywords. What is no PNG is given back as it is. */
export function withPngText(png: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array {
  const headerEnd = SIGNATURE.length + BEFORE + HEADER_BYTES + AFTER;
  if (!isPng(png) || png.length < headerEnd) return png;
  const parts: Uint8Array[] = [png.subarray(0, headerEnd), ...Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text))];
  let kept = headerEnd;
  for (const chunk of chunksOf(png)) {
    const found = textOf(png, chunk);
    if (!found || !Object.hasOwn(texts, found.keyword)) continue;
    parts.push(png.subarray(kept, chunk.start));
    kept = chunk.end;
  }
  parts.push(png.subarray(kept));
  return joined(parts);
}

function textChunk(keyword: string, text: string): Uint8Array {
  const utf8 = new TextEncoder();
  // after the keyword: its end, not compressed, method 0, no language, no translated keyword
  const body = joined([utf8.encode('iTXt'), utf8.encode(keyword), new Uint8Array(5), utf8.encode(text)]);
  const chunk = new Uint8Array(4 + body.length + AFTER);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(4 + body.length, crc32(body));
  return chunk;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const latin1 = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

/** Source: Annex D; the polynomial 0xEDB88320, bits reversed. */
const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});
function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = table[(c ^ byte) & 0xff]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
