// Pictures as bytes: 8-bit, interleaved, row by row.

/** `data` is height x width x channels, 0..255; 1 channel is grey or a mask (255 = repaint), 3 is RGB. */
export interface ImageBuffer {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Pictures of one size as a float32 tensor [n, channels, height, width]; `map` turns a byte 0..255 into the value. */
export function imagesToTensor(
  images: readonly ImageBuffer[],
  map: (byte: number, channel: number) => number,
): { dtype: 'float32'; dims: number[]; data: Float32Array } {
  const { width = 0, height = 0, channels = 3 } = images[0] ?? {};
  const plane = width * height;
  const data = new Float32Array(images.length * channels * plane);
  images.forEach((image, n) => {
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < plane; p++) data[(n * channels + c) * plane + p] = map(image.data[p * channels + c]!, c);
  });
  return { dtype: 'float32', dims: [images.length, channels, height, width], data };
}

/** The inverse: values in [low, high] become bytes, clamped and rounded. */
export function tensorToImages(
  tensor: { readonly dims: readonly number[]; readonly data: Float32Array },
  low: number,
  high: number,
): ImageBuffer[] {
  const [count = 0, channels = 3, height = 0, width = 0] = tensor.dims;
  const plane = width * height;
  return Array.from({ length: count }, (_, n) => {
    const data = new Uint8Array(plane * channels);
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < plane; p++) {
        const value = ((tensor.data[(n * channels + c) * plane + p]! - low) / (high - low)) * 255;
        data[p * channels + c] = Math.max(0, Math.min(255, Math.round(value)));
      }
    return { width, height, channels: channels as 1 | 3, data };
  });
}
