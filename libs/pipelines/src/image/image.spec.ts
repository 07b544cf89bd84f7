import type { ImageBuffer } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { boxInside, cropFace, growBox } from './boxes.ts';
import { contactSheet } from './contact-sheet.ts';
import { drawFaces } from './draw-boxes.ts';

const plain = (width: number, height: number, grey: number): ImageBuffer => ({
  width,
  height,
  channels: 3,
  data: new Uint8Array(width * height * 3).fill(grey),
});
const pixel = ({ width, data }: ImageBuffer, x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];

describe('boxes', () => {
  it('become the pixels they touch, cut at the edges, or nothing outside', () => {
    expect(boxInside([-2.5, 1.2, 3.1, 99], { width: 10, height: 8 })).toEqual([0, 1, 4, 8]);
    expect(boxInside([10, 0, 12, 4], { width: 10, height: 8 })).toBeNull();
    expect(boxInside([3, 3, 3, 5], { width: 10, height: 8 })).toBeNull();
  });
  it('grow by a share of their size', () => {
    expect(growBox([10, 10, 20, 30], 0.1)).toEqual([9, 8, 21, 32]);
    expect(growBox([10, 10, 20, 30], -0.2)).toEqual([12, 14, 18, 26]);
  });
  it('are cropped with one pixel of margin, cut toward zero, as FaceScore does', () => {
    // the authors' box on their own photograph gives x 103..144 and y 27..79
    const crop = cropFace(plain(275, 183, 9), [104.028, 28.232, 143.574, 78.537])!;
    expect([crop.width, crop.height]).toEqual([41, 52]);
    expect(cropFace(plain(20, 20, 9), [-4, -4, 5.5, 30])).toMatchObject({ width: 6, height: 20 });
    expect(cropFace(plain(20, 20, 9), [30, 30, 40, 40])).toBeNull();
  });
});

describe('drawing', () => {
  it('frames faces and dots landmarks on a copy, also over the edge', () => {
    const picture = plain(30, 30, 5);
    const drawn = drawFaces(picture, [{ box: [4, 6, 20, 40], confidence: 1, landmarks: [[10, 12]] }]);
    expect([pixel(drawn, 4, 10), pixel(drawn, 12, 6), pixel(drawn, 10, 12), pixel(drawn, 11, 11)]).toEqual([
      [40, 220, 90],
      [40, 220, 90],
      [240, 60, 60],
      [5, 5, 5],
    ]);
    expect(picture.data.every((byte) => byte === 5)).toBe(true);
  });
  it('puts pictures side by side in cells, with their proportions', () => {
    const sheet = contactSheet([plain(10, 10, 10), plain(20, 10, 20), plain(5, 5, 30)], { columns: 2, cell: 20, gap: 2 });
    expect([sheet.width, sheet.height]).toEqual([42, 42]);
    expect(pixel(sheet, 10, 10)).toEqual([10, 10, 10]);
    expect([pixel(sheet, 32, 1), pixel(sheet, 32, 10)]).toEqual([
      [255, 255, 255],
      [20, 20, 20],
    ]);
    expect([pixel(sheet, 10, 32), pixel(sheet, 32, 32)]).toEqual([
      [30, 30, 30],
      [255, 255, 255],
    ]);
  });
  it('shows grey pictures and an empty list', () => {
    const grey: ImageBuffer = { width: 2, height: 2, channels: 1, data: Uint8Array.of(70, 70, 70, 70) };
    expect(pixel(contactSheet([grey], { cell: 4 }), 2, 2)).toEqual([70, 70, 70]);
    expect(contactSheet([], { cell: 4 })).toMatchObject({ width: 4, height: 4 });
  });
});
