// Detectors against known outputs of public weights on public photographs, and decoding by hand where there are none.
import type { Face, Model } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDetector, type DetectOptions } from '../open-detector.ts';
import { suppress, type Candidate } from './candidates.ts';
import { detectorKindOf } from './detector-kind.ts';

const data = join(import.meta.dirname, '../../../../../shared/data');
const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

interface Golden {
  readonly photo: string;
  readonly model: string;
  readonly kind: string;
  readonly input?: string;
  readonly boxes: readonly (readonly number[])[];
  readonly scores?: readonly number[];
  readonly landmarks?: readonly (readonly number[])[];
}
const present = existsSync(join(data, 'goldens.json'));
if (!present) console.warn(`SKIPPED: face detectors on photographs, as ${data} is absent`);
const goldens: readonly Golden[] = present
  ? (JSON.parse(readFileSync(join(data, 'goldens.json'), 'utf8')) as { detect: Golden[] }).detect.filter(
      (golden) => golden.kind === 'measured',
    )
  : [];

async function detectorOf(file: string): Promise<Model<'face-detector'>> {
  const weights = await ctx.files.ref(join(data, 'weights', file));
  return {
    family: 'face-detector',
    architecture: 'onnx',
    name: file,
    components: { detector: { config: {}, weights, files: {} } },
    loras: [],
  };
}
async function detect(golden: Golden, options: Partial<DetectOptions>): Promise<Face[]> {
  const bytes = new Uint8Array(readFileSync(join(data, 'photos', golden.photo)));
  return (await openDetector(await detectorOf(golden.model), ctx)).detect(
    await ctx.images.read(await ctx.assets.write(bytes, 'image/jpeg')),
    options,
  );
}
const furthest = (got: readonly number[], want: readonly number[]): number =>
  Math.max(...want.map((value, i) => Math.abs(value - got[i]!)));

/** Pixels of the picture that the network sees. Two anchors of RetinaFace claim Lecun.jpg with 0.9927 and 0.9925 from 1.2 pixels apart, and the decoder of the photograph decides between them; scaling differs too. */
const tolerance = 1.2;
const scaleOf = (golden: Golden): number => (golden.input?.startsWith('longest side') ? 2048 / 640 : 1);

describe('detectors', () => {
  it.skipIf(!present).each(goldens.map((golden) => [golden.model, golden.photo, golden] as const))(
    '%s finds the faces of %s where they are known to be',
    async (_model, _photo, golden) => {
      const faces = await detect(golden, { threshold: 0.6 });
      expect(faces).toHaveLength(golden.boxes.length);
      golden.boxes.forEach((box, i) => expect(furthest(faces[i]!.box, box) / scaleOf(golden)).toBeLessThan(tolerance));
      golden.scores?.forEach((score, i) => expect(Math.abs(faces[i]!.confidence - score)).toBeLessThan(0.01));
      golden.landmarks?.forEach((points, i) => expect(furthest(faces[i]!.landmarks.flat(), points)).toBeLessThan(tolerance));
    },
  );

  it.skipIf(!present)('give the same faces at another scale, in pixels of the picture', async () => {
    const golden = goldens.find(({ photo, model }) => photo === 'obama.jpg' && model.startsWith('yunet'))!;
    const [native, small] = [await detect(golden, { resize: 'native' }), await detect(golden, { resize: 'fit', longestSide: 320 })];
    expect(small).toHaveLength(1);
    expect(furthest(small[0]!.box, native[0]!.box)).toBeLessThan(12);
  });
});

const info = (name: string, width: number | string) => ({ name, dtype: 'float32' as const, shape: [1, 'n', width] });
const times = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));

describe('the kind of a detector', () => {
  it('is told by the last dimensions of its outputs, and by their number where these are not declared', () => {
    const yuNet = [...times(6, () => 1), ...times(3, () => 4), ...times(3, () => 10)];
    const names = (widths: readonly (number | string)[]) =>
      detectorKindOf(
        'x',
        widths.map((width, i) => info(`o${i}`, width)),
      ).name;
    expect(names(yuNet)).toBe('YuNet');
    expect(names([2, 10, 4])).toBe('RetinaFace');
    expect(names([1, 1, 1, 4, 4, 4])).toBe('SCRFD');
    expect(names([1, 1, 1, 4, 4, 4, 10, 10, 10])).toBe('SCRFD');
    expect(names(times(12, () => 'unknown'))).toBe('YuNet');
    expect(names(times(3, () => 'unknown'))).toBe('RetinaFace');
    expect(names(['unknown', 10, 'unknown'])).toBe('RetinaFace');
    for (const other of [
      [4, 4, 10],
      [4, 2, 12],
      [4, 2],
    ])
      expect(() => names(other)).toThrow(expect.objectContaining({ code: 'PIPELINES_DETECTOR' }));
  });
  it('is refused with the outputs that the file has, when none fits', () => {
    expect(() => detectorKindOf('cat.onnx', [info('logits', 1000)])).toThrow(
      expect.objectContaining({ code: 'PIPELINES_DETECTOR', message: expect.stringContaining('logits [1, n, 1000]') as string }),
    );
  });
});

/** One anchor says something at a place; the others say nothing. */
const planted = (rows: number, width: number, row: number, values: readonly number[]) => {
  const array = new Float32Array(rows * width);
  array.set(values, row * width);
  return { data: array, width };
};

describe('decoding', () => {
  it('of three outputs that turn out to be none of a RetinaFace says what they are', () => {
    const kind = detectorKindOf(
      'x',
      times(3, (i) => info(`o${i}`, 'n')),
    );
    const outputs = [4, 2, 3].map((width) => planted(1, width, 0, []));
    expect(() => kind.decode(outputs, { width: 8, height: 8 }, 0.5)).toThrow(expect.objectContaining({ code: 'PIPELINES_DETECTOR' }));
  });
  it('of YuNet: the root of class times objectness, a box around an offset place, logarithmic sizes in strides', () => {
    // 64 x 32 pixels: strides 8, 16, 32 hold 32, 8, 2 places; place 10 of stride 8 is column 2, row 1
    const kind = detectorKindOf('x', [
      ...times(6, (i) => info(`s${i}`, 1)),
      ...times(3, (i) => info(`b${i}`, 4)),
      ...times(3, (i) => info(`k${i}`, 10)),
    ]);
    const empty = (width: number) => [32, 8, 2].map((rows) => planted(rows, width, 0, []));
    const outputs = [...empty(1), ...empty(1), ...empty(4), ...empty(10)];
    outputs[0] = planted(32, 1, 10, [0.81]);
    outputs[3] = planted(32, 1, 10, [1]);
    outputs[6] = planted(32, 4, 10, [0.5, 0.25, Math.log(3), Math.log(2)]);
    outputs[9] = planted(32, 10, 10, [0, 0, 1, 0.5]);
    const [face, ...others] = kind.decode(outputs, { width: 64, height: 32 }, 0.5);
    expect(others).toEqual([]);
    expect(face!.score).toBeCloseTo(0.9, 6);
    // centre (2.5, 1.25) * 8, size 24 x 16
    expect(furthest(face!.box, [8, 2, 32, 18])).toBeLessThan(1e-5);
    expect(face!.landmarks.slice(0, 2)).toEqual([
      [16, 8],
      [24, 12],
    ]);
  });
  it('of SCRFD: distances to the four sides from the corner of a place that holds two anchors', () => {
    const kind = detectorKindOf(
      'x',
      [1, 1, 1, 4, 4, 4].map((width, i) => info(`o${i}`, width)),
    );
    const rows = (64 / 8) * (32 / 8) * 2;
    const outputs = [
      ...[rows, rows / 4, rows / 16].map((n) => planted(n, 1, 0, [])),
      ...[rows, rows / 4, rows / 16].map((n) => planted(n, 4, 0, [])),
    ];
    // anchor 21 of stride 8 is the second of place 10: column 2, row 1
    outputs[0] = planted(rows, 1, 21, [0.7]);
    outputs[3] = planted(rows, 4, 21, [1, 0.5, 2, 3]);
    const faces = kind.decode(outputs, { width: 64, height: 32 }, 0.5);
    expect(faces).toHaveLength(1);
    expect(faces[0]!.box).toEqual([8, 4, 32, 32]);
  });
});

interface Packed {
  readonly dims: readonly number[];
  readonly base64: string;
}
interface Decoded {
  readonly size: readonly [width: number, height: number];
  readonly threshold: number;
  readonly faces: readonly { readonly box: readonly number[]; readonly score: number; readonly landmarks: readonly number[] }[];
}
const reference = JSON.parse(readFileSync(new URL('./fixtures/decoding.json', import.meta.url), 'utf8')) as {
  readonly retinaFace: readonly (Decoded & { readonly name: string; readonly outputs: Readonly<Record<string, Packed>> })[];
  readonly scrfd: readonly (Decoded & {
    readonly outputs: number;
    readonly rows: readonly number[];
    readonly planted: readonly (readonly [output: number, row: number, values: readonly number[]])[];
  })[];
};

describe("the authors' decoding", () => {
  /** Boxes reach some hundred pixels; the reference computes them in float32 of the picture's size and multiplies back. */
  const pixels = 1e-3;
  function compare(name: string, outputs: readonly { readonly data: Float32Array; readonly dims: readonly number[] }[], want: Decoded) {
    const kind = detectorKindOf(
      'x',
      outputs.map(({ dims }, i) => ({ name: `o${i}`, dtype: 'float32', shape: [...dims] })),
    );
    expect(kind.name).toBe(name);
    const [width, height] = want.size;
    const flat = outputs.map(({ data, dims }) => ({ data, width: dims.at(-1)! }));
    const got = suppress(kind.decode(flat, { width, height }, want.threshold), kind.suppression);
    expect(got).toHaveLength(want.faces.length);
    want.faces.forEach((face, i) => {
      expect(got[i]!.score).toBeCloseTo(face.score, 6);
      expect(furthest(got[i]!.box, face.box), `box ${i}`).toBeLessThan(pixels);
      expect(got[i]!.landmarks.flat()).toHaveLength(face.landmarks.length);
      if (face.landmarks.length > 0) expect(furthest(got[i]!.landmarks.flat(), face.landmarks), `landmarks ${i}`).toBeLessThan(pixels);
    });
  }
  it.each(reference.retinaFace.map((each) => [each.name, each] as const))(
    'of RetinaFace %s, whatever the order of its outputs',
    (_, each) => {
      const tensors = Object.values(each.outputs).map(({ dims, base64 }) => {
        const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
        return { dims, data: new Float32Array(bytes.buffer) };
      });
      expect(each.faces.length).toBeGreaterThan(10);
      compare('RetinaFace', tensors, each);
      compare('RetinaFace', tensors.toReversed(), each);
    },
  );
  it.each(reference.scrfd.map((each) => [each.outputs, each] as const))('of SCRFD with %d outputs', (count, each) => {
    const levels = each.rows.length;
    const outputs = Array.from({ length: count }, (_, i) => {
      const width = [1, 4, 10][Math.floor(i / levels)]!;
      return { dims: [each.rows[i % levels]!, width], data: new Float32Array(each.rows[i % levels]! * width) };
    });
    for (const [output, row, values] of each.planted) outputs[output]!.data.set(values, row * values.length);
    expect(each.faces.length).toBeGreaterThan(8);
    compare('SCRFD', outputs, each);
    // newer files have a dimension for the batch before
    compare(
      'SCRFD',
      outputs.map(({ dims, data }) => ({ dims: [1, ...dims], data })),
      each,
    );
  });
  it('of SCRFD with strides that do not divide the picture: places are as many as its convolutions give', () => {
    // 160 x 96 pixels in strides of 64: three columns, two rows; of 128: two and one
    const rows = [20 * 12, 10 * 6, 5 * 3, 3 * 2, 2 * 1];
    const outputs = [1, 4].flatMap((width) => rows.map((n) => planted(n, width, 0, [])));
    outputs[3] = planted(6, 1, 4, [0.9]);
    outputs[8] = planted(6, 4, 4, [0.5, 0.5, 0.5, 0.25]);
    const kind = detectorKindOf(
      'x',
      [1, 1, 1, 1, 1, 4, 4, 4, 4, 4].map((width, i) => info(`o${i}`, width)),
    );
    // place 4 is column 1, row 1
    expect(kind.decode(outputs, { width: 160, height: 96 }, 0.5).map(({ box }) => box)).toEqual([[32, 32, 96, 80]]);
  });
});

describe('suppression', () => {
  const candidate = (score: number, ...box: [number, number, number, number]): Candidate => ({ box, score, landmarks: [] });
  it('keeps the best of overlapping boxes and boxes that stand apart, best first', () => {
    const kept = suppress([candidate(0.6, 0, 0, 10, 10), candidate(0.9, 1, 1, 11, 11), candidate(0.7, 30, 30, 40, 40)], {
      overlap: 0.3,
      areas: 'whole',
    });
    expect(kept.map((c) => c.score)).toEqual([0.9, 0.7]);
  });
  it('counts border pixels where the authors do', () => {
    // 10 x 10 beside 10 x 10, sharing 4 columns: 40 / 160 = 0.25; with border pixels 55 / (121 + 121 - 55) = 0.294
    const pair = [candidate(0.9, 0, 0, 10, 10), candidate(0.8, 6, 0, 16, 10)];
    expect(suppress(pair, { overlap: 0.27, areas: 'whole' })).toHaveLength(2);
    expect(suppress(pair, { overlap: 0.27, areas: 'inclusive' })).toHaveLength(1);
  });
});
