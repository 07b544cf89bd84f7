// Score photographs: on the pictures that come with it, and on real photographs with detectors of others.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Faces, Image, Report, Scores } from '@facewright/core';
import { validateGraph } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('score-photos');
});
afterAll(() => template.close());

interface Golden {
  readonly photo: string;
  readonly model: string;
  readonly kind: string;
  readonly input?: string;
  readonly boxes: readonly (readonly number[])[];
}
const data = join(import.meta.dirname, '../../shared/data');
const present = existsSync(join(data, 'goldens.json'));
if (!present) console.warn(`SKIPPED: score-photos on real photographs, as ${data} is absent`);
const goldens = present
  ? (JSON.parse(readFileSync(join(data, 'goldens.json'), 'utf8')) as { detect: Golden[] }).detect.filter(({ kind }) => kind === 'measured')
  : [];

describe('score-photos', () => {
  it('is a valid graph', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
  });

  it('finds and scores the face of every picture that comes with it, and saves the table', async () => {
    const { terminal, outputs } = await template.run();
    expect(terminal).toMatchObject({ type: 'run_succeeded' });
    const { rows } = outputs['scores']!['scores'] as Scores;
    expect(new Set(rows.map(({ image }) => image.key)).size).toBe(8);
    const scored = rows.filter(({ score }) => score !== null);
    expect(scored.length).toBeGreaterThanOrEqual(7);
    for (const { box, score } of scored) {
      expect(Number.isFinite(score)).toBe(true);
      expect(box![2] - box![0]).toBeGreaterThan(16);
    }
    expect((outputs['overlays']!['images'] as Image[]).length).toBe(8);
    const { html, summary } = outputs['table']!['report'] as Report;
    expect(new TextDecoder().decode(await template.read(html))).toContain('face-2-deformed.png');
    expect(summary).toMatch(/^Mean -?\d+\.\d{3} over \d+ scores\./);
    expect(template.written('scores.csv').split('\r\n').length).toBe(rows.length + 2);
    expect((JSON.parse(template.written('scores.json')) as { rows: unknown[] }).rows).toHaveLength(rows.length);
  });

  // pixels of the picture that the network sees; decoders and scalers of photographs differ by as much (see detectors.spec.ts)
  const tolerance = 1.2;
  it.skipIf(!present).each(['yunet_n_dynamic.onnx', 'retinaface_mnet025_dynamic.onnx'])(
    'finds the faces of photographs where they are known to be, with %s',
    async (file) => {
      const { terminal, outputs } = await template.run({
        photos: { folder: join(data, 'photos') },
        detector: { path: join(data, 'weights', file) },
        faces: { threshold: 0.9 },
      });
      expect(terminal).toMatchObject({ type: 'run_succeeded' });
      const found = new Map((outputs['faces']!['faces'] as Faces).images.map(({ image, faces }) => [image.key, faces]));
      const known = goldens.filter(({ model }) => model === file);
      expect(known.length).toBeGreaterThan(0);
      for (const { photo, boxes, input } of known) {
        const scale = input?.startsWith('longest side') ? 2048 / 640 : 1;
        const faces = found.get(photo)!;
        expect(faces, photo).toHaveLength(boxes.length);
        boxes.forEach((box, i) =>
          box.forEach((edge, side) => expect(Math.abs(faces[i]!.box[side]! - edge) / scale, `${photo}, face ${i}`).toBeLessThan(tolerance)),
        );
      }
      // pictures without a face are told, not scored
      const { rows } = outputs['scores']!['scores'] as Scores;
      expect(rows.filter(({ image }) => image.key === 'Lecun.jpg').every(({ score }) => score !== null)).toBe(true);
      expect(rows.filter(({ image }) => image.key === 'imagereward_1.webp')).toMatchObject([{ score: null, note: 'no face found' }]);
    },
    180_000,
  );
});
