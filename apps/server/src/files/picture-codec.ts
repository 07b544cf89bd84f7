// Pictures of any format to bytes and back.
import { statSync } from 'node:fs';
import { err as engineErr } from '@facewright/engine';
import type { ImageBuffer } from '@facewright/tensor';
import sharp, { type Sharp } from 'sharp';

/** A picture of more pixels than this is refused before it is decoded: it would fill the memory. */
const MOST_PIXELS = 200_000_000;
/** As is a file longer than this: of such a picture most is not pixels. */
const MOST_BYTES = 1 << 29;
// Nothing but pictures made of pixels, of one frame: others are programs of their own (SVG names files and addresses, PDF and ImageMagick's formats far more).
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Png', 'Jpeg', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map((format) => `VipsForeignLoad${format}`),
});
// Each picture is decoded once; what libvips would keep of it is memory for nothing.
sharp.cache(false);
/** Longer side of a preview, pixels. */
const PREVIEW_SIDE = 256;
/** Bytes, or the path of a file. */
type Source = Uint8Array | string;
function open(source: Source): Sharp {
  const length = typeof source === 'string' ? statSync(source).size : source.byteLength;
  if (length > MOST_BYTES) throw new Error(`more than ${MOST_BYTES / 2 ** 20} MB`);
  return sharp(source, { limitInputPixels: MOST_PIXELS, failOn: 'error', pages: 1 });
}
const firstLine = (cause: unknown) => (cause as Error).message.split('\n')[0]!;

/** Turned as its EXIF says, 8 bits, sRGB. */
const upright = (bytes: Uint8Array) => open(bytes).autoOrient().toColourspace('srgb');

/** RGB, always three channels, turned as its EXIF says, transparency on white. Throws ENGINE_BAD_IMAGE with `name`. */
export async function decodePicture(bytes: Uint8Array, name: string): Promise<ImageBuffer> {
  try {
    return await toRgb(upright(bytes).flatten({ background: 'white' }));
  } catch (cause) {
    throw engineErr.BAD_IMAGE(name, firstLine(cause));
  }
}

/** RGB as it is stored, whatever shows through, and opacity: 1 channel, 255 is opaque; null for a picture without. Throws ENGINE_BAD_IMAGE with `name`. */
export async function decodeLayers(
  bytes: Uint8Array,
  name: string,
): Promise<{ readonly colours: ImageBuffer; readonly opacity: ImageBuffer | null }> {
  try {
    const { hasAlpha } = await open(bytes).metadata();
    const colours = await toRgb(upright(bytes));
    if (!hasAlpha) return { colours, opacity: null };
    const { width, height } = colours;
    const data = await upright(bytes).extractChannel('alpha').raw({ depth: 'uchar' }).toBuffer();
    return { colours, opacity: { width, height, channels: 1, data } };
  } catch (cause) {
    throw engineErr.BAD_IMAGE(name, firstLine(cause));
  }
}

async function toRgb(picture: Sharp): Promise<ImageBuffer> {
  const { data, info } = await picture.removeAlpha().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  if (info.channels === 3) return { width, height, channels: 3, data };
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = data[Math.floor(i / 3) * info.channels]!;
  return { width, height, channels: 3, data: rgb };
}

/** Throws ENGINE_BAD_IMAGE with `name` when it is no picture. Reads only the head. */
export async function checkPicture(source: Source, name: string): Promise<void> {
  try {
    const { width, height } = await open(source).metadata();
    if (width * height > MOST_PIXELS) throw new Error(`${width} times ${height} pixels, more than ${MOST_PIXELS}`);
  } catch (cause) {
    throw engineErr.BAD_IMAGE(name, firstLine(cause));
  }
}

const raw = ({ data, width, height, channels }: ImageBuffer) => sharp(data, { raw: { width, height, channels } });

/** For showing: a tenth of the size of a PNG, and faster; no longer than `side` on its longer side. */
export const encodeJpeg = (image: ImageBuffer, side = Infinity): Promise<Buffer> => {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const at = (pixels: number): number => Math.max(1, Math.round(pixels * scale));
  return raw(image).resize(at(image.width), at(image.height)).jpeg({ quality: 92 }).toBuffer();
};

export const encodePng = (image: ImageBuffer): Promise<Buffer> => raw(image).png().toBuffer();

/** A data: URL, no longer than PREVIEW_SIDE on its longer side. */
export async function previewUrl(image: ImageBuffer): Promise<string> {
  const png = await raw(image)
    .resize({ width: PREVIEW_SIDE, height: PREVIEW_SIDE, fit: 'inside', withoutEnlargement: true })
    .png()
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
