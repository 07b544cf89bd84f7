// The pictures that everything is trained on: drawn up front from a seed into one block of memory.
import { captionOf, deformScene, drawScene, PICTURE_SIZE, sampleScene, type FaceScene } from '@facewright/node-toy-faces';
import { createRng, type ImageBuffer, type Tensor } from '@facewright/tensor';

export const SIDE = PICTURE_SIZE;
export const PICTURE_BYTES = SIDE * SIDE * 3;

export interface FaceSet {
  readonly count: number;
  /** Pictures one after the other, height by width by channel. */
  readonly pixels: Uint8Array;
  readonly scenes: readonly FaceScene[];
  readonly captions: readonly string[];
  /** 1 where the face was deformed. */
  readonly deformed: Uint8Array;
}

export interface FaceSetSettings {
  readonly seed: number;
  readonly count: number;
  /** Share of pictures with a defective face, which their captions do not mention. */
  readonly deformedShare: number;
  /** What is drawn instead of what the caption says. */
  readonly change?: (scene: FaceScene) => FaceScene;
}

/** Draws a set. Half of the captions say everything, half leave each detail out with probability 0.3, so that short prompts are known as well. */
export function drawFaceSet({ seed, count, deformedShare, change = (scene) => scene }: FaceSetSettings): FaceSet {
  const rng = createRng(seed);
  const pixels = new Uint8Array(count * PICTURE_BYTES);
  const deformed = new Uint8Array(count);
  const scenes: FaceScene[] = [];
  const captions: string[] = [];
  for (let i = 0; i < count; i++) {
    const sound = sampleScene(rng);
    deformed[i] = rng() < deformedShare ? 1 : 0;
    const scene = deformed[i] ? deformScene(sound, rng) : sound;
    pixels.set(drawScene(change(scene)), i * PICTURE_BYTES);
    scenes.push(scene);
    captions.push(captionOf(scene, rng, rng() < 0.5 ? 0 : 0.3));
  }
  return { count, pixels, scenes, captions, deformed };
}

/** One picture of a set, sharing its memory. */
export const pictureOf = ({ pixels }: { readonly pixels: Uint8Array }, i: number): ImageBuffer => ({
  width: SIDE,
  height: SIDE,
  channels: 3,
  data: pixels.subarray(i * PICTURE_BYTES, (i + 1) * PICTURE_BYTES),
});

/** Bytes, one picture after the other, as [n, 3, 64, 64] in [-1, 1]. */
export function pixelsToTensor(pixels: Uint8Array, indices: readonly number[]): Tensor<'float32'> {
  const plane = SIDE * SIDE;
  const data = new Float32Array(indices.length * PICTURE_BYTES);
  indices.forEach((index, n) => {
    const [from, to] = [index * PICTURE_BYTES, n * PICTURE_BYTES];
    for (let p = 0; p < plane; p++) {
      const at = from + p * 3;
      data[to + p] = pixels[at]! / 127.5 - 1;
      data[to + plane + p] = pixels[at + 1]! / 127.5 - 1;
      data[to + 2 * plane + p] = pixels[at + 2]! / 127.5 - 1;
    }
  });
  return { dtype: 'float32', dims: [indices.length, 3, SIDE, SIDE], data };
}
