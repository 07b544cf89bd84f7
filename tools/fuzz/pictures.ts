// Pictures: decoded, their texts read, put into a PNG again.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { graphOfPicture, readPngText, withPictureGraph } from '@facewright/core';
import { decodeLayers, decodePicture, encodePng } from '@facewright/server';
import { CodedError } from '@facewright/tensor';
import sharp from 'sharp';
import { mutateBytes } from './mutate-bytes.ts';
import { chance, pick, type Suite } from './suite.ts';

const templates = join(import.meta.dirname, '../../templates');
const graph = { facewright: 1, name: 'g', description: '', nodes: {}, links: [], groups: [] } as const;

async function corpus(): Promise<Uint8Array[]> {
  const noise = Buffer.from(Array.from({ length: 24 * 16 * 4 }, (_, i) => (i * 7919) % 256));
  const source = () => sharp(noise, { raw: { width: 24, height: 16, channels: 4 } });
  const plain = await encodePng({ width: 5, height: 3, channels: 3, data: new Uint8Array(45).fill(90) });
  return [
    plain,
    withPictureGraph(plain, { graph: { ...graph, nodes: {}, links: [], groups: [] }, node: 'n', key: 'k', caption: 'c' }),
    await source().png().toBuffer(),
    await source().png({ palette: true }).toBuffer(),
    await source().png({ progressive: true }).toBuffer(),
    await source().greyscale().toColourspace('b-w').png().toBuffer(),
    await source().toColourspace('rgb16').png().toBuffer(),
    await source().removeAlpha().jpeg().toBuffer(),
    await source().webp().toBuffer(),
    await source().gif().toBuffer(),
    ...readdirSync(templates)
      .filter((name) => name.endsWith('.png'))
      .slice(0, 1)
      .map((name) => readFileSync(join(templates, name))),
  ].filter(({ length }) => length < 200_000);
}

export const pictures: Suite = {
  about: 'PNG, JPEG, WebP and GIF files',
  limitMs: 5000,
  async open() {
    const files = await corpus();
    return {
      async one(rng) {
        // Seven of ten are PNG.
        const bytes = mutateBytes(rng, chance(rng, 0.7) ? files[rng.integer(7)]! : pick(rng, files), files);
        readPngText(bytes);
        graphOfPicture(bytes);
        withPictureGraph(bytes, { graph, node: 'n', key: 'k', caption: 'c' } as never);
        try {
          if (chance(rng, 0.5)) await decodeLayers(bytes, 'fuzz');
          else await encodePng(await decodePicture(bytes, 'fuzz'));
          return 'accepted';
        } catch (error) {
          if (error instanceof CodedError) return 'refused';
          throw error;
        }
      },
      close: () => {},
    };
  },
};
