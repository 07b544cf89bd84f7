// Pictures that templates open on, from toy faces: node tools/example-scenes.ts writes three folders of templates/example-pictures.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boxOf, captionOf, drawScene, PICTURE_SIZE as SIDE, sampleScene, type FaceScene } from '@facewright/node-toy-faces';
import { createRng } from '@facewright/tensor';
import sharp, { type OverlayOptions } from 'sharp';
import { blurred } from './train-tiny/degrade.ts';

const folder = join(import.meta.dirname, '../templates/example-pictures');
const [WIDTH, HEIGHT] = [84, 76];
const raw = (channels: 3 | 4) => ({ raw: { width: SIDE, height: SIDE, channels } });

/** How far a pixel is inside a soft ellipse: 1 inside, 0 outside. */
const inside = (x: number, y: number, [x1, y1, x2, y2]: readonly number[], soft: number): number => {
  const [halfWidth, halfHeight] = [(x2! - x1!) / 2, (y2! - y1!) / 2];
  const distance = 1 - Math.hypot((x + 0.5 - x1! - halfWidth) / halfWidth, (y + 0.5 - y1! - halfHeight) / halfHeight);
  return Math.max(0, Math.min(1, (distance * Math.min(halfWidth, halfHeight)) / soft + 0.5));
};

/** A picture whose face is smeared, as faces are that a model drew too small. */
function smeared(scene: FaceScene): Buffer {
  const [sharpPicture, soft] = [drawScene(scene), blurred(drawScene(scene), 1.3)];
  const box = boxOf(scene);
  return Buffer.from(
    sharpPicture.map((v, i) => {
      const pixel = Math.floor(i / 3);
      const share = inside(pixel % SIDE, Math.floor(pixel / SIDE), box, 3);
      return Math.round(v + share * (soft[i]! - v));
    }),
  );
}

const scenes = (seed: number, fits: (scene: FaceScene) => boolean, count: number): FaceScene[] => {
  const rng = createRng(seed);
  const found: FaceScene[] = [];
  while (found.length < count) {
    const scene = sampleScene(rng);
    if (fits(scene)) found.push(scene);
  }
  return found;
};

const hex = (colour: readonly number[]) => `rgb(${colour.map((v) => Math.max(0, Math.min(255, Math.round(v)))).join(',')})`;

/** A window on the wall: light, with a cross of white wood. */
const pane = (x: number, y: number, wall: readonly number[]): OverlayOptions => ({
  input: Buffer.from(
    `<svg width="26" height="30"><rect width="26" height="30" fill="${hex(wall.map((v) => v * 0.8))}"/><rect x="2" y="2" width="22" height="26" fill="#cfe6f5"/><path d="M13 2v26M2 15h22" stroke="#fff" stroke-width="2"/></svg>`,
  ),
  left: x,
  top: y,
});

/** Larger pictures of a person, the face smeared, and one of the room alone. */
async function smallFaces(): Promise<void> {
  const into = join(folder, 'small-faces');
  await mkdir(into, { recursive: true });
  const people = scenes(3, ({ background, hat, glasses, yaw }) => background === 'plain' && !hat && !glasses && Math.abs(yaw) < 0.2, 5);
  for (const [i, scene] of people.entries()) {
    const wall = scene.backgroundFrom;
    const side = i % 2 === 0;
    const empty = i === people.length - 1;
    const person: OverlayOptions = { input: smeared(scene), ...raw(3), left: side ? WIDTH - SIDE : 0, top: HEIGHT - SIDE };
    const name = empty ? `${i + 1}-nobody` : `${i + 1}`;
    await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: hex(wall) } })
      .composite([...(empty ? [] : [person]), pane(side ? 4 : WIDTH - 30, 5, wall)])
      .removeAlpha()
      .png({ compressionLevel: 9 })
      .toFile(join(into, `${name}.png`));
    if (!empty) await writeFile(join(into, `${name}.txt`), `${captionOf(scene)}\n`);
  }
}

/** Good faces with a list of captions, one of them without, so that the fallback is seen. */
async function captioned(): Promise<void> {
  const into = join(folder, 'captioned');
  await mkdir(into, { recursive: true });
  const faces = scenes(11, ({ yaw }) => Math.abs(yaw) < 0.3, 12);
  const lines: string[] = [];
  for (const [i, scene] of faces.entries()) {
    const file = `${String(i + 1).padStart(2, '0')}.png`;
    await sharp(Buffer.from(drawScene(scene)), raw(3))
      .png({ compressionLevel: 9 })
      .toFile(join(into, file));
    lines.push(JSON.stringify({ file_name: file, ...(i !== 7 && { text: captionOf(scene) }) }));
  }
  await writeFile(join(into, 'captions.jsonl'), `${lines.join('\n')}\n`);
}

await captioned();
await mkdir(join(folder, 'masked'), { recursive: true });
const [bare] = scenes(5, ({ hairStyle, hat, glasses }) => hairStyle === 'long' && !hat && !glasses, 1);
const [x1, y1, x2, y2] = boxOf(bare!);
const top = [x1 - 9, y1 - 12, x2 + 9, y1 + 0.36 * (y2 - y1)];
const withHole = Buffer.alloc(SIDE * SIDE * 4);
drawScene(bare!).forEach((v, i) => (withHole[Math.floor(i / 3) * 4 + (i % 3)] = v));
for (let pixel = 0; pixel < SIDE * SIDE; pixel++)
  withHole[pixel * 4 + 3] = Math.round(255 * (1 - inside(pixel % SIDE, Math.floor(pixel / SIDE), top, 2)));
await sharp(withHole, raw(4)).png({ compressionLevel: 9 }).toFile(join(folder, 'masked/long-hair.png'));
await smallFaces();
