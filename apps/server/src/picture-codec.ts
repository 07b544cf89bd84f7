// Pictures of any format to bytes and back.
import { err as engineErr } from '@facewright/engine';
import type { ImageBuffer } from '@facewright/tensor';
import sharp from 'sharp';

/** A picture of more pixels than this is refused before it is decoded: it would fill the memory. */
const MOST_PIXELS = 200_000_000;
/** Longer side of a preview, pixels. */
const PREVIEW_SIDE = 256;
const open = (bytes: Uint8Array) => sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' });
const firstLine = (cause: unknown) => (cause as Error).message.split('\n')[0]!;

/** RGB, always three channels, turned as its EXIF says, transparency on white. Throws ENGINE_BAD_IMAGE with `name`. */
export async function decodePicture(bytes: Uint8Array, name: string): Promise<ImageBuffer> {
  try {
    const { data, info } = await open(bytes)
      .autoOrient()
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels === 3) return { width: info.width, height: info.height, channels: 3, data };
    const rgb = new Uint8Array(info.width * info.height * 3);
    for (let i = 0; i < rgb.length; i++) rgb[i] = data[Math.floor(i / 3) * info.channels]!;
    return { width: info.width, height: info.height, channels: 3, data: rgb };
  } catch (cause) {
    throw engineErr.BAD_IMAGE(name, firstLine(cause));
  }
}

/** Throws ENGINE_BAD_IMAGE with `name` when the bytes are no picture. Decodes only the head. */
export async function checkPicture(bytes: Uint8Array, name: string): Promise<void> {
  await open(bytes)
    .metadata()
    .catch((cause: unknown) => {
      throw engineErr.BAD_IMAGE(name, firstLine(cause));
    });
}

const raw = ({ data, width, height, channels }: ImageBuffer) => sharp(data, { raw: { width, height, channels } });

export const encodePng = (image: ImageBuffer): Promise<Buffer> => raw(image).png().toBuffer();

/** A data: URL, no longer than PREVIEW_SIDE on its longer side. */
export async function previewUrl(image: ImageBuffer): Promise<string> {
  const png = await raw(image)
    .resize({ width: PREVIEW_SIDE, height: PREVIEW_SIDE, fit: 'inside', withoutEnlargement: true })
    .png()
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
