// A picture file put into the store as it is, once it has shown that it can be read.
import type { Image, NodeContext } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';
import { mediaTypeOf } from './media-type.ts';

/** Encoding it anew would be slower and take more room. Throws ENGINE_BAD_IMAGE. */
export async function storePicture(
  bytes: Uint8Array,
  about: Pick<Image, 'key' | 'caption'>,
  { assets, images }: Pick<NodeContext, 'assets' | 'images'>,
): Promise<{ readonly image: Image; readonly pixels: ImageBuffer }> {
  const asset = await assets.write(bytes, mediaTypeOf(bytes));
  const pixels = await images.read(asset);
  return { image: { asset, width: pixels.width, height: pixels.height, key: about.key, caption: about.caption }, pixels };
}
