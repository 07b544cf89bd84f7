// Text to token ids of fixed length, as the text encoders were trained on.
import { Tokenizer as Backend } from '@huggingface/tokenizers';
import { int64, type Tensor } from '@facewright/tensor';
import type { Json } from '../config.ts';
import { err } from '../errors.ts';

export interface Encoded {
  /** int64 [texts, length]. */
  readonly ids: Tensor<'int64'>;
  /** float32 [texts, length]: 1 for a token of the text, 0 for padding. */
  readonly mask: Tensor<'float32'>;
  /** Which texts were too long; their end is lost. */
  readonly truncated: readonly boolean[];
}

export interface Tokenizer {
  /** Ids per text, start and end included. */
  readonly length: number;
  /** The tokens that begin and end every row, and the one that fills it up. */
  readonly start: number;
  readonly end: number;
  readonly pad: number;
  encode(texts: readonly string[]): Encoded;
  /** All ids of one text, without start, end, padding or truncation. */
  ids(text: string): readonly number[];
  /** Readable pieces of one text, without padding or truncation. */
  pieces(text: string): readonly string[];
}

export interface TokenizerOptions {
  /** Ids per text, start and end included; longer texts lose their end but keep the end token. */
  readonly length: number;
  /** What fills the rest. */
  readonly padToken: string;
}

/** Makes a tokenizer of the content of any tokenizer.json whose texts get one start and one end token. Throws MODELS_INPUT when the padding is not in the vocabulary. */
export function createTokenizer(json: Json, { length, padToken }: TokenizerOptions): Tokenizer {
  const backend = new Backend(json, {});
  const pad = backend.token_to_id(padToken);
  if (pad === undefined) throw err.INPUT('padToken', 'a token of the vocabulary', JSON.stringify(padToken));
  if (!Number.isInteger(length) || length < 2) throw err.INPUT('length', 'room for the start and the end token', `${length}`);
  const encode = (text: string) => backend.encode(text, { add_special_tokens: true });
  const [start, end, ...others] = encode('').ids;
  if (start === undefined || end === undefined || others.length > 0)
    throw err.INPUT('post_processor', 'one start and one end token', `${encode('').tokens.join(' ') || 'none'}`);
  return {
    length,
    start,
    end,
    pad,
    ids: (text) => backend.encode(text, { add_special_tokens: false }).ids,
    encode(texts) {
      const all = texts.map((text) => encode(text).ids);
      const cut = all.map((ids) => (ids.length > length ? [...ids.slice(0, length - 1), ids.at(-1)!] : ids));
      return {
        ids: int64(
          [texts.length, length],
          cut.flatMap((ids) => [...ids, ...Array.from({ length: length - ids.length }, () => pad)]),
        ),
        mask: {
          dtype: 'float32',
          dims: [texts.length, length],
          data: Float32Array.from(cut.flatMap((ids) => Array.from({ length }, (_, i) => (i < ids.length ? 1 : 0)))),
        },
        truncated: all.map((ids) => ids.length > length),
      };
    },
    pieces: (text) => encode(text).tokens,
  };
}
