// Self-distillation: views, what the teacher asks for, and the readers that say what features carry.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { splitDino, type Json } from '@facewright/models';
import { createRng } from '@facewright/tensor';
import { readSafetensorsHeader } from '@facewright/weights';
import { describe, expect, it } from 'vitest';
import { featureQuality, plainPixels, rankShare } from './dino-quality.ts';
import { randomView, sketchOf } from './dino-views.ts';
import { drawFaceSet, pictureOf } from './face-set.ts';
import { dinoConfig } from './configs.ts';
import { placesOf, studentTargets, teacherTargets } from './train-dino.ts';
import { readJson } from './write-files.ts';

const faces = drawFaceSet({ seed: 6, count: 240, deformedShare: 0.5 });
const picture = pictureOf(faces, 0);

it('the committed DINO opens by its configuration and holds every tensor', async () => {
  const folder = join(import.meta.dirname, '../../models/tiny-faces/dino');
  const { tensors } = await readSafetensorsHeader(join(folder, 'model.safetensors'));
  const { config } = splitDino('dino', tensors, (await readJson(join(folder, 'config.json'))) as Json);
  expect(config).toMatchObject({ imageSize: 64, patchSize: 8, width: 64, layers: 4, heads: 4 });
  expect(statSync(join(folder, 'model.safetensors')).size).toBeLessThan(5e5);
});

describe('randomView', () => {
  it('repeats for the same generator and differs for the next', () => {
    const [a, b] = [createRng(1), createRng(1)];
    const view = randomView(picture, [0.4, 1], a);
    expect(randomView(picture, [0.4, 1], b)).toEqual(view);
    expect(randomView(picture, [0.4, 1], a)).not.toEqual(view);
  });
  it('shows less of the picture the smaller its scale: neighbours are more alike', () => {
    const roughness = (scale: number) => {
      const rng = createRng(2);
      let sum = 0;
      for (let n = 0; n < 20; n++) {
        const { data } = randomView(picture, [scale, scale], rng);
        for (let i = 3; i < data.length; i++) sum += Math.abs(data[i]! - data[i - 3]!);
      }
      return sum;
    };
    expect(roughness(0.1)).toBeLessThan(0.8 * roughness(1));
  });
});

describe('sketchOf', () => {
  const grey = new Uint8Array(12288).fill(90);
  const of = (data: Uint8Array) => sketchOf({ width: 64, height: 64, channels: 3, data });
  it('is empty for a picture of one colour, whichever', () => {
    expect(of(grey).every((v) => Math.abs(v) < 1e-4)).toBe(true);
  });
  it('shows a bright block where it is', () => {
    const spot = grey.slice();
    // rows 8 to 11, columns 20 to 23: the third row of blocks, the sixth in it
    for (let y = 8; y < 12; y++) spot.fill(230, (y * 64 + 20) * 3, (y * 64 + 24) * 3);
    const sketch = of(spot);
    expect(sketch.indexOf(Math.max(...sketch))).toBe(2 * 16 + 5);
  });
});

describe('teacherTargets', () => {
  it('gives rows that sum to 1, sharper than what was said, and moves the centre a tenth of the way to its mean', () => {
    const said = Float32Array.of(0.1, 0.2, 0.3, 0.3, 0.1, 0.1);
    const centre = new Float32Array(3);
    const targets = teacherTargets(said, centre);
    expect(targets.subarray(0, 3).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    // exp of differences over the temperature 0.04
    expect(targets[2]! / targets[1]!).toBeCloseTo(Math.exp(0.1 / 0.04), 3);
    expect([...centre]).toEqual([0.02, 0.015, 0.02].map((v) => expect.closeTo(v, 6)));
  });
  it('takes away what all pictures share, so that one answer for all cannot win', () => {
    const centre = Float32Array.of(5, 0);
    const targets = teacherTargets(Float32Array.of(5, 0), centre);
    expect(targets[0]).toBeCloseTo(0.5, 5);
  });
});

it('each view learns what the teacher says of the other', () => {
  expect([...studentTargets(Float32Array.of(1, 2, 3, 4))]).toEqual([3, 4, 1, 2]);
});

it('every patch has a place of its own, the nearer to another the more alike', () => {
  const { dims, data } = placesOf(dinoConfig);
  expect(dims).toEqual([1, 65, 64]);
  const row = (at: number) => [...data.subarray(at * 64, (at + 1) * 64)];
  const apart = (a: number, b: number) => Math.hypot(...row(a).map((v, i) => v - row(b)[i]!));
  for (let a = 1; a < 65; a++) for (let b = 1; b < a; b++) expect(apart(a, b)).toBeGreaterThan(0.3);
  // neighbours in a row and in a column against opposite corners
  for (const b of [2, 9]) expect(apart(1, b)).toBeLessThan(apart(1, 64));
});

describe('featureQuality', () => {
  const part = (from: number, to: number) => ({
    ...faces,
    count: to - from,
    pixels: faces.pixels.subarray(from * 12288, to * 12288),
    scenes: faces.scenes.slice(from, to),
    captions: faces.captions.slice(from, to),
    deformed: faces.deformed.subarray(from, to),
  });
  const [fit, test] = [part(0, 160), part(160, 240)];
  it('is perfect for features that say it, and at chance for noise', () => {
    const saying = (set: typeof fit) => Array.from(set.deformed, (d) => [d, 1 - d]);
    expect(featureQuality(fit, test, { fit: saying(fit), test: saying(test) }).defects).toBe(1);
    const rng = createRng(1);
    const noise = (set: typeof fit) => Array.from({ length: set.count }, () => rng.normal(4));
    const { defects, explained } = featureQuality(fit, test, { fit: noise(fit), test: noise(test) });
    // 80 pictures: a standard error of about 0.065
    expect(Math.abs(defects - 0.5)).toBeLessThan(0.2);
    expect(explained).toBeLessThan(0.1);
  });
  it('averages pixels over blocks', () => {
    expect(plainPixels(faces, 64)[0]).toHaveLength(3);
    const mean = picture.data.filter((_, i) => i % 3 === 0).reduce((a, b) => a + b, 0) / 4096;
    expect(plainPixels(faces, 64)[0]![0]).toBeCloseTo(mean, 2);
  });
  it('ranks with ties as halves', () => expect(rankShare([2, 1], [1])).toBe(0.75));
});
