// What a pickle of PyTorch may hold here: plain data, names, and descriptions of tensors.
import type { DType } from '@facewright/tensor';

/** Element types of PyTorch's storages that occur in weight files. */
export type Element = DType | 'int16';

/** A Python function, class or constant that is named and not called. */
export interface Name {
  readonly kind: 'name';
  readonly name: string;
}
/** A run of elements that tensors look into; `start` and `count` in elements. */
export interface Storage {
  readonly kind: 'storage';
  readonly key: string;
  readonly element: Element;
  readonly start: number;
  readonly count: number;
}
/** A view of a storage, `offset` and `strides` in elements. An element type that this project has no use for is only its name. */
export interface TorchTensor {
  readonly kind: 'tensor';
  readonly storage: Storage;
  readonly element: Element | { readonly unsupported: string };
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}
/** Something of which only the name and what it was given are known: nothing of it has run. */
export interface Opaque {
  readonly kind: 'object';
  readonly name: string;
  state: Pickled;
}
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | Set<Pickled>
  | Name
  | Storage
  | TorchTensor
  | Opaque;

/** The file is not what its format says. The message says what was expected and what came; who opens the file adds its name. */
export class Damage extends Error {}

const isPlain = (value: Pickled): value is Name | Storage | TorchTensor | Opaque =>
  typeof value === 'object' && value !== null && 'kind' in value;
export const isKind = <K extends 'name' | 'storage' | 'tensor' | 'object'>(
  value: Pickled | undefined,
  kind: K,
): value is Extract<Pickled, { kind: K }> => value !== undefined && isPlain(value) && value.kind === kind;
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** A value in a message. */
export function say(value: Pickled | undefined): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (typeof value !== 'object' || value === null) return String(value).slice(0, 80);
  if (isPlain(value)) return value.kind === 'name' || value.kind === 'object' ? value.name.slice(0, 80) : `a ${value.kind}`;
  return Array.isArray(value) ? 'a list' : value instanceof Map ? 'a dictionary' : value instanceof Set ? 'a set' : 'bytes';
}
