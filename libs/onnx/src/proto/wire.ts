// The protobuf wire format: varints, fixed-width numbers and length-delimited fields, written and read.
// Source: https://protobuf.dev/programming-guides/encoding/
import { err } from '../op.ts';

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const MASK64 = (1n << 64n) - 1n;

/** Wire types that proto3 uses; groups (3 and 4) are not among them. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Appends fields to a growing buffer. */
export class Writer {
  #buffer = new Uint8Array(256);
  #length = 0;

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
  /** A signed 64-bit integer; negative ones take ten bytes, as int32 and int64 fields do. */
  varint(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === 'number' && value >= 0 && value < 2 ** 31) {
      let rest = value;
      while (rest > 127) {
        this.#buffer[this.#length++] = (rest & 127) | 128;
        rest >>>= 7;
      }
      this.#buffer[this.#length++] = rest;
      return;
    }
    let rest = BigInt(value) & MASK64;
    while (rest > 127n) {
      this.#buffer[this.#length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }
  tag(field: number, wire: number): void {
    this.varint(field * 8 + wire);
  }
  float(value: number): void {
    this.#reserve(4);
    new DataView(this.#buffer.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
  }
  double(value: number): void {
    this.#reserve(8);
    new DataView(this.#buffer.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
  }
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }
  string(text: string): void {
    this.bytes(utf8.encode(text));
  }
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }
}

/** Walks a byte range. Every read checks the range and throws ONNX_MALFORMED with the byte offset in the whole file. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #origin: number;
  position = 0;

  /** `origin` is where `bytes` begins in the file, for messages. */
  constructor(bytes: Uint8Array, origin = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#origin = origin;
  }
  get done(): boolean {
    return this.position >= this.#bytes.length;
  }
  get offset(): number {
    return this.#origin + this.position;
  }
  #take(count: number, what: string): number {
    const left = this.#bytes.length - this.position;
    if (count > left) throw err.MALFORMED(`byte ${this.offset}`, `${count} more bytes of ${what}`, `${left}`);
    const at = this.position;
    this.position += count;
    return at;
  }
  varint(): number | bigint {
    let low = 0;
    for (let index = 0; index < 4; index++) {
      const byte = this.#bytes[this.#take(1, 'a varint')]!;
      low |= (byte & 127) << (7 * index);
      if (byte < 128) return low;
    }
    let value = BigInt(low);
    for (let index = 4; index < 10; index++) {
      const byte = this.#bytes[this.#take(1, 'a varint')]!;
      value |= BigInt(byte & 127) << BigInt(7 * index);
      if (byte < 128) {
        const signed = BigInt.asIntN(64, value);
        return signed >= BigInt(Number.MIN_SAFE_INTEGER) && signed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(signed) : signed;
      }
    }
    throw err.MALFORMED(`byte ${this.offset}`, 'a varint of at most 10 bytes', 'a longer one');
  }
  float(): number {
    return this.#view.getFloat32(this.#take(4, 'a float'), true);
  }
  double(): number {
    return this.#view.getFloat64(this.#take(8, 'a double'), true);
  }
  /** A view of the next `count` bytes, not a copy. */
  raw(count: number): Uint8Array {
    const at = this.#take(count, 'a field');
    return this.#bytes.subarray(at, at + count);
  }
  /** A length-delimited field, and where it begins in the file. */
  bytes(): { readonly bytes: Uint8Array; readonly origin: number } {
    const length = this.varint();
    if (typeof length !== 'number' || length < 0) throw err.MALFORMED(`byte ${this.offset}`, 'a length', `${length}`);
    const origin = this.offset;
    return { bytes: this.raw(length), origin };
  }
  string(): string {
    const { bytes, origin } = this.bytes();
    try {
      return strictUtf8.decode(bytes);
    } catch {
      throw err.MALFORMED(`byte ${origin}`, 'UTF-8 text', 'other bytes');
    }
  }
}
