// Behaviour of the procedural face generator.
import { describe, expect, it } from 'vitest';
import {
  CAPTION_VOCABULARY,
  PARAMETER_NAMES,
  boxOf,
  captionOf,
  deformScene,
  drawScene,
  landmarksOf,
  parametersOf,
  sampleScene,
} from './index.ts';
import type { FaceScene, Random } from './index.ts';

/** A 32-bit linear congruential source (Numerical Recipes' constants), good enough to vary scenes. */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function scenes(count: number, seed = 5): FaceScene[] {
  const rng = seeded(seed);
  return Array.from({ length: count }, () => sampleScene(rng));
}

/** Mean absolute difference of two pictures over the pixels of a box. */
function differenceInBox(a: Uint8Array, b: Uint8Array, [x1, y1, x2, y2]: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (let y = Math.floor(y1 ?? 0); y < (y2 ?? 0); y++) {
    for (let offset = (y * 64 + Math.floor(x1 ?? 0)) * 3; offset < (y * 64 + (x2 ?? 0)) * 3; offset++) {
      sum += Math.abs((a[offset] ?? 0) - (b[offset] ?? 0));
      count++;
    }
  }
  return sum / count;
}

describe('sampleScene', () => {
  it('gives the same scene from the same seed and another from another', () => {
    expect(sampleScene(seeded(3))).toEqual(sampleScene(seeded(3)));
    expect(sampleScene(seeded(3))).not.toEqual(sampleScene(seeded(4)));
  });

  it('survives a JSON round trip', () => {
    const [scene] = scenes(1);
    expect(JSON.parse(JSON.stringify(scene))).toEqual(scene);
  });
});

describe('drawScene', () => {
  it('draws 64 x 64 RGB bytes that use the range and repeat exactly', () => {
    for (const scene of scenes(20)) {
      const picture = drawScene(scene);
      expect(picture).toHaveLength(64 * 64 * 3);
      expect(Math.max(...picture)).toBeGreaterThan(200);
      expect(Math.min(...picture)).toBeLessThan(60);
      expect(drawScene(scene)).toEqual(picture);
    }
  });

  it('shows the skin colour, up to shading, on the forehead side of the nose', () => {
    for (const scene of scenes(100).filter(({ glasses, beard }) => !glasses && !beard)) {
      const [leftEye, rightEye] = landmarksOf(scene);
      const x = Math.floor((leftEye[0] + rightEye[0]) / 2);
      const y = Math.floor((leftEye[1] + rightEye[1]) / 2);
      const picture = drawScene(scene);
      const offset = (y * 64 + x) * 3;
      // Red over blue tells skin from eyes, hair and background; shading leaves ratios alone.
      const ratio = (picture[offset] ?? 0) / (picture[offset + 2] || 1);
      expect(ratio).toBeGreaterThan(1);
    }
  });

  it('draws the mouth between the mouth corners: shutting a laugh changes only that part', () => {
    const laughing = scenes(200).find(({ expression, beard }) => expression === 'laughing' && !beard);
    if (!laughing) throw new Error('expected a laughing face among 200');
    const open = drawScene(laughing);
    const shut = drawScene({ ...laughing, mouthOpenness: 0 });
    const [, , , left, right] = landmarksOf(laughing);
    expect(differenceInBox(open, shut, [left[0], left[1], right[0], right[1] + 6])).toBeGreaterThan(20);
    expect(differenceInBox(open, shut, [0, 0, 64, 28])).toBe(0);
  });
});

describe('boxOf and landmarksOf', () => {
  it('puts every landmark of a sound face inside the box and the box inside the picture', () => {
    for (const scene of scenes(500)) {
      const [x1, y1, x2, y2] = boxOf(scene);
      expect(x1).toBeGreaterThanOrEqual(0);
      expect(y1).toBeGreaterThanOrEqual(0);
      expect(x2).toBeLessThanOrEqual(64);
      expect(y2).toBeLessThanOrEqual(64);
      expect(y2 - y1).toBeGreaterThan(32);
      for (const [x, y] of landmarksOf(scene)) {
        expect(x).toBeGreaterThan(x1);
        expect(x).toBeLessThan(x2);
        expect(y).toBeGreaterThan(y1);
        expect(y).toBeLessThan(y2);
      }
    }
  });

  it('orders landmarks as left eye, right eye, nose, left and right corner of the mouth', () => {
    for (const scene of scenes(200)) {
      const [leftEye, rightEye, nose, leftMouth, rightMouth] = landmarksOf(scene);
      expect(leftEye[0]).toBeLessThan(rightEye[0]);
      expect(leftMouth[0]).toBeLessThan(rightMouth[0]);
      expect(nose[1]).toBeGreaterThan((leftEye[1] + rightEye[1]) / 2);
      expect(nose[1]).toBeLessThan((leftMouth[1] + rightMouth[1]) / 2);
    }
  });
});

describe('captionOf', () => {
  it('uses only words of the vocabulary, at most 32 of them, each used somewhere', () => {
    const used = new Set<string>();
    for (const scene of scenes(3000)) {
      const words = captionOf(scene).split(' ');
      expect(words.length).toBeLessThanOrEqual(32);
      for (const word of words) used.add(word);
    }
    expect([...used].sort()).toEqual([...CAPTION_VOCABULARY].sort());
  });

  it('leaves details out when given a random source, never the subject', () => {
    const [scene] = scenes(1);
    if (!scene) throw new Error('expected a scene');
    expect(captionOf(scene, () => 0)).toBe(`a ${scene.subject}`);
    expect(captionOf(scene, () => 0.999)).toBe(captionOf(scene));
  });
});

describe('parametersOf', () => {
  it('gives one finite value of about unit size per name', () => {
    for (const scene of scenes(300)) {
      const values = parametersOf(scene);
      expect(values).toHaveLength(PARAMETER_NAMES.length);
      for (const value of values) expect(Math.abs(value)).toBeLessThan(1.6);
    }
  });

  it('varies every value over scenes', () => {
    const rows = scenes(300).map(parametersOf);
    for (const [index, name] of PARAMETER_NAMES.entries()) {
      const column = rows.map((row) => row[index] ?? Number.NaN);
      expect(Math.max(...column) - Math.min(...column), name).toBeGreaterThan(0.2);
    }
  });
});

describe('deformScene', () => {
  it('moves at least one landmark by 1.5 pixels, changes the picture of the face and nothing else of the scene', () => {
    const rng = seeded(9);
    for (const scene of scenes(200)) {
      const deformed = deformScene(scene, rng);
      const before = landmarksOf(scene);
      const moved = landmarksOf(deformed).map(([x, y], index) => Math.hypot(x - (before[index]?.[0] ?? 0), y - (before[index]?.[1] ?? 0)));
      expect(Math.max(...moved)).toBeGreaterThan(1.5);
      expect(differenceInBox(drawScene(scene), drawScene(deformed), boxOf(scene))).toBeGreaterThan(0.2);
      expect({ ...deformed, defects: scene.defects }).toEqual(scene);
    }
  });
});
