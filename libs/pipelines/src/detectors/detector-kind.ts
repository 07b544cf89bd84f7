// What sets one face detector apart from another: how it wants its picture, and what its outputs mean.
import type { TensorInfo } from '@facewright/tensor';
import { err } from '../errors.ts';
import type { Candidate, Suppression } from './candidates.ts';
import { retinaFace } from './retina-face.ts';
import { scrfd } from './scrfd.ts';
import { yuNet } from './yu-net.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** One output, in the order of the file: values row by row, `width` of them for each place or anchor. */
export interface Output {
  readonly data: Float32Array;
  readonly width: number;
}

export interface DetectorKind {
  readonly name: string;
  /** Order of the three planes. */
  readonly channels: 'BGR' | 'RGB';
  /** Value fed for a byte of plane 0, 1 or 2. */
  value(byte: number, plane: number): number;
  /** Sides that a picture of free size is padded to a multiple of, with black at the right and at the bottom. */
  readonly multiple: number;
  readonly suppression: Suppression;
  /** Whether a file with outputs of these last dimensions (null: not said) is of this kind. */
  fits(lastDimensions: readonly (number | null)[]): boolean;
  /** Candidates with at least `threshold` confidence; `input` is the size that was fed. */
  decode(outputs: readonly Output[], input: Size, threshold: number): Candidate[];
}

const kinds: readonly DetectorKind[] = [yuNet, retinaFace, scrfd];

/** Recognises a detector by its outputs alone, as files of the same network go by many names. Throws PIPELINES_DETECTOR. */
export function detectorKindOf(name: string, outputs: readonly TensorInfo[]): DetectorKind {
  // exporters that do not know a size write 0 or a name
  const last = outputs.map(({ shape }) => shape.at(-1)).map((size) => (typeof size === 'number' && size > 0 ? size : null));
  const kind = kinds.find((candidate) => candidate.fits(last));
  if (!kind) throw err.DETECTOR(name, outputs.map((o) => `${o.name} [${o.shape.join(', ')}]`).join(', '));
  return kind;
}
