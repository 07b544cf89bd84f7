// The key of a result: what it was computed from, hashed. Equal keys mean that a stored result may stand for a new computation.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from './plain-data.ts';

/** One input: a value; a path with the digest of what it names; or an output of another node, which its key names. */
export type InputPart =
  | { readonly value: unknown }
  | { readonly path: string; readonly digest: string }
  | { readonly node: string; readonly output: string; readonly key: string };

/** What a key is made of, kept to explain later why a node runs again. */
export interface KeyParts {
  readonly type: string;
  readonly version: number;
  readonly codeDigest?: string;
  /** True for the provider that computes nothing, whose results must never stand for real ones. */
  readonly nothingComputed?: true;
  /** What the definition's `fresh` said. */
  readonly fresh?: unknown;
  /** Inputs that are absent, and lazy ones that are not needed, are left out. */
  readonly inputs: Readonly<Record<string, InputPart>>;
}

/**
 * SHA-256 in hex. Node ids are not part of it, so renaming or copying a node keeps its result. Nor is the provider: cpu and webgpu agree within the tolerance that
 * the tests state, and a training that took an hour on one should not be repeated on the other.
 */
export function resultKey({ inputs, ...rest }: KeyParts): string {
  const anonymous = Object.fromEntries(
    Object.entries(inputs).map(([name, part]) => [name, 'key' in part ? { key: part.key, output: part.output } : part]),
  );
  return bytesToHex(sha256(utf8ToBytes(canonicalJson({ ...rest, inputs: anonymous }))));
}
