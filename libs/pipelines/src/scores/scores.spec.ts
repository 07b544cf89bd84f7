// What scorers read: HPS's pixels against torch, aligned faces against numpy and scipy (tools/reference/scores.py).
import type { Face } from '@facewright/core';
import { hashed } from '@facewright/models/testing/hashed-tensor';
import type { ImageBuffer } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import fixture from './fixtures/scores.json' with { type: 'json' };
import { alignFace, arcFacePoints, similarity } from './align-face.ts';
import { clipPixels, hpsPixels } from './pixels.ts';

const picture = (name: string, width: number, height: number): ImageBuffer => ({
  width,
  height,
  channels: 3,
  data: Uint8Array.from(hashed(name, width * height * 3), (v) => Math.floor((v + 1) * 128)),
});
const floats = (base64: string) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, i) => Math.abs(a[i]! - b[i]!)).reduce((x, y) => Math.max(x, y), 0);

describe("HPS's pixels", () => {
  it.each(fixture.pixels)('are those of torch: $width x $height to $size', ({ width, height, size, pixels }) => {
    const { dims, data } = hpsPixels([picture(`${width}x${height}`, width, height)], size);
    expect(dims).toEqual([1, 3, size, size]);
    // torch sums weights in float32, and values reach 3 after normalising
    expect(furthest(data, floats(pixels.float32))).toBeLessThan(5e-6);
  });
  it("differ from CLIP's by rounding and clamping only", () => {
    const image = picture('41x52', 41, 52);
    const far = furthest(hpsPixels([image], 16).data, clipPixels([image], 16).data);
    expect(far).toBeGreaterThan(1e-3);
    // two roundings to bytes, over the smallest deviation
    expect(far).toBeLessThan(2 / 255 / 0.26);
  });
});

describe('aligning a face', () => {
  const face = (landmarks: readonly (readonly number[])[]): Face => ({
    box: [0, 0, 60, 70],
    confidence: 1,
    landmarks: landmarks as Face['landmarks'],
  });
  it.each(fixture.faces)("gives Umeyama's transform and the warp of scipy: $name", ({ landmarks, matrix, step, sampled }) => {
    const { a, b, dx, dy } = similarity(landmarks as [number, number][], arcFacePoints)!;
    expect(furthest([a, -b, dx, b, a, dy], matrix.flat())).toBeLessThan(1e-9);
    const aligned = alignFace(picture('face', 60, 70), face(landmarks)) as ImageBuffer;
    const got: number[] = [];
    for (let y = 0; y < 112; y += step)
      for (let x = 0; x < 112; x += step) got.push(...aligned.data.subarray((y * 112 + x) * 3, (y * 112 + x) * 3 + 3));
    // rounded to bytes
    expect(furthest(got, floats(sampled.float32))).toBeLessThan(0.5001);
  });
  it('says why there is nothing to align by', () => {
    expect(alignFace(picture('face', 60, 70), face([]))).toMatch(/no landmarks/);
    expect(alignFace(picture('face', 60, 70), face(Array.from({ length: 5 }, () => [3, 3])))).toMatch(/one point/);
  });
});
