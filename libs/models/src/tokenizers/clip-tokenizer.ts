// CLIP's byte-pair encoding: lower-case words, split into the pieces that merges of training built.
import type { Json } from '../config.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';

const start = '<|startoftext|>';
const end = '<|endoftext|>';

/** The contents of vocab.json and merges.txt. */
export interface BpeVocabulary {
  readonly vocab: Readonly<Record<string, number>>;
  /** Pairs that become one piece, strongest first: "a b". */
  readonly merges: readonly string[];
}

export interface ClipTokenizerOptions {
  /** Ids per text: max_position_embeddings of the text encoder. */
  readonly length: number;
  /** Stable Diffusion 1.x pads with the end token, 2.x with "!". Default: the end token. */
  readonly padToken?: string;
}

/** The tokenizer of CLIP text encoders. */
export const createClipTokenizer = (vocabulary: BpeVocabulary, { length, padToken = end }: ClipTokenizerOptions): Tokenizer =>
  createTokenizer(clipTokenizerJson(vocabulary), { length, padToken });

/** Unicode's white space, which `\s` means in the regular expressions of transformers; in JavaScript it has U+FEFF too and lacks U+0085, so patterns spell it out. */
const space = '\\t-\\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000';
const contractions = "'s|'t|'re|'ve|'m|'ll|'d";

/** A vocabulary as the content of a tokenizer.json, which transformers reads too. */
export function clipTokenizerJson({ vocab, merges }: BpeVocabulary): Json {
  const special = (content: string) => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const split = (regex: string) => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Removed', invert: true });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special(start), special(end)],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: `[${space}]+` }, content: ' ' },
        // JavaScript alone writes the last sigma of a word as a final one.
        { type: 'Replace', pattern: { String: 'Σ' }, content: 'σ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        split(`<\\|startoftext\\|>|<\\|endoftext\\|>|${contractions}|\\p{L}+|\\p{N}|[^${space}\\p{L}\\p{N}]+`),
        // What the byte level of transformers splits by: it takes special tokens that were not written in lower case apart.
        split(`${contractions}| ?\\p{L}+| ?\\p{N}+| ?[^${space}\\p{L}\\p{N}]+`),
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [end, vocab[end]],
      cls: [start, vocab[start]],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: end,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

/** The lines of a merges.txt, without the version in the first. */
export const parseMerges = (text: string): string[] =>
  text
    .split('\n')
    .slice(1)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');

/** The printable character that stands for each byte in byte-level vocabularies: itself where it is printable, else the next free one from 256 on. */
function byteCharacters(): string[] {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  const order = Array.from({ length: 256 }, (_, b) => b);
  let next = 256;
  const others = order.filter((b) => !printable(b)).map(() => String.fromCharCode(next++));
  return [...order.filter(printable).map((b) => String.fromCharCode(b)), ...others];
}

/** The whole vocabulary that a list of merges implies, numbered as CLIP does: bytes, bytes that end a word, merges, start, end. */
export function vocabularyOfMerges(merges: readonly string[]): BpeVocabulary {
  const bytes = byteCharacters();
  const pieces = [...bytes, ...bytes.map((b) => `${b}</w>`), ...merges.map((pair) => pair.replace(' ', '')), start, end];
  return { vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])), merges };
}

/** The vocabulary in OpenAI's and open_clip's bpe_simple_vocab_16e6.txt (already unzipped): 49,408 pieces from the first 48,894 of its merges. */
export function openClipVocabulary(text: string): BpeVocabulary {
  const merges = 49152 - 256 - 2;
  // the file goes on for five times as many lines
  let end = 0;
  for (let line = 0; line <= merges && end >= 0; line++) end = text.indexOf('\n', end + 1);
  return vocabularyOfMerges(parseMerges(end < 0 ? text : text.slice(0, end)).slice(0, merges));
}

/**
 * Learns at most `count` merges from texts, joining the most frequent neighbours first (Sennrich et al. 2016); ties go to the pair that sorts first.
 * For small domains, where each word then becomes one piece. Words are runs of letters, single digits, or runs of other signs; ASCII and lower case.
 */
export function learnMerges(texts: readonly string[], count: number): string[] {
  const counts = new Map<string, number>();
  for (const word of texts.flatMap((text) => text.toLowerCase().match(/[a-z]+|[0-9]|[^\sa-z0-9]+/g) ?? []))
    counts.set(word, (counts.get(word) ?? 0) + 1);
  let words = [...counts].map(([word, times]) => ({ times, pieces: [...word.slice(0, -1), `${word.at(-1)}</w>`] }));
  const merges: string[] = [];
  while (merges.length < count) {
    const pairs = new Map<string, number>();
    for (const { times, pieces } of words) {
      for (let i = 1; i < pieces.length; i++) {
        const pair = `${pieces[i - 1]} ${pieces[i]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + times);
      }
    }
    if (pairs.size === 0) break;
    const [best] = [...pairs].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a));
    merges.push(best);
    words = words.map(({ times, pieces }) => ({ times, pieces: joined(pieces, best) }));
  }
  return merges;
}

function joined(pieces: readonly string[], pair: string): string[] {
  const result: string[] = [];
  for (let i = 0; i < pieces.length; i++) {
    if (i + 1 < pieces.length && `${pieces[i]} ${pieces[i + 1]}` === pair) result.push(`${pieces[i]}${pieces[++i]}`);
    else result.push(pieces[i]!);
  }
  return result;
}
