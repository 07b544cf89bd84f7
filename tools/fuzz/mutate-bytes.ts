// Broken versions of a file: what disks, networks and attackers do to bytes.
import type { Rng } from '@facewright/tensor';
import { chance, few, pick } from './suite.ts';

const INTERESTING = [0, 1, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** One to eight changes; `others`: files of the same kind, from which parts are taken. */
export function mutateBytes(rng: Rng, file: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(file);
  for (let n = few(rng); n > 0; n--) bytes = mutateOnce(rng, bytes, others);
  return bytes;
}

function mutateOnce(rng: Rng, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(rng.integer(256));
  // The head decides what a file is, so half of the changes are there.
  const at = chance(rng, 0.5) ? rng.integer(Math.min(bytes.length, 512)) : rng.integer(bytes.length);
  const length = 1 + rng.integer(Math.min(64, bytes.length - at));
  switch (rng.integer(8)) {
    case 0:
      bytes[at]! ^= 1 << rng.integer(8);
      return bytes;
    case 1:
      bytes[at] = rng.integer(256);
      return bytes;
    case 2: {
      const width = pick(rng, [1, 2, 4, 8]);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (at + width > bytes.length) return bytes;
      const value = pick(rng, INTERESTING);
      const little = chance(rng, 0.5);
      if (width === 1) view.setUint8(at, value & 0xff);
      else if (width === 2) view.setUint16(at, value & 0xffff, little);
      else if (width === 4) view.setUint32(at, value, little);
      else view.setBigUint64(at, BigInt(value) << BigInt(pick(rng, [0, 16, 32])), little);
      return bytes;
    }
    case 3:
      return bytes.slice(0, at);
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 5:
      return joined(bytes.subarray(0, at + length), bytes.subarray(at));
    case 6:
      return joined(
        bytes.subarray(0, at),
        Uint8Array.from({ length }, () => rng.integer(256)),
        bytes.subarray(at),
      );
    default: {
      const other = pick(rng, others);
      const from = rng.integer(other.length || 1);
      return joined(
        bytes.subarray(0, at),
        other.subarray(from, from + 1 + rng.integer(256)),
        bytes.subarray(chance(rng, 0.5) ? at : at + length),
      );
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
