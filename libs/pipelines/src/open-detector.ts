// A face detector in an ONNX file, opened for use: YuNet, RetinaFace or SCRFD.
import type { Face, Model, NodeContext } from '@facewright/core';
import type { ImageBuffer, Session, Tensor } from '@facewright/tensor';
import { suppress } from './detectors/candidates.ts';
import { detectorKindOf, type DetectorKind, type Size } from './detectors/detector-kind.ts';
import { err } from './errors.ts';
import { resizeImage } from './image/resize.ts';
import { openNetworkFile } from './network-file.ts';

export interface DetectOptions {
  /** Least confidence, 0..1. */
  readonly threshold: number;
  /** For files that take any size: as it is, longest side scaled to `longestSide`, or scaled only when it is longer. Files of one size always get it. */
  readonly resize: 'auto' | 'native' | 'fit';
  /** Pixels. */
  readonly longestSide: number;
}

export const detectDefaults: DetectOptions = { threshold: 0.5, resize: 'auto', longestSide: 640 };

export interface Detector {
  /** The network, e.g. 'YuNet'. */
  readonly name: string;
  /** Faces in pixels of the picture, most confident first. A box may reach over the edge. What the options leave out is `detectDefaults`. */
  detect(image: ImageBuffer, options?: Partial<DetectOptions>): Promise<Face[]>;
}

/** Opens a handle of family 'face-detector'. Throws PIPELINES_DETECTOR for a file whose outputs are not known, PIPELINES_SIZE for one that takes no picture. */
export async function openDetector(handle: Model<'face-detector'>, ctx: NodeContext): Promise<Detector> {
  const { session, inputs, outputs } = await openNetworkFile(handle, 'detector', ctx);
  const [input] = inputs;
  if (inputs.length !== 1 || !input || input.shape.length !== 4) {
    throw err.NETWORK(handle.name, 'one input [n, 3, height, width]', inputs.map((i) => `${i.name} [${i.shape.join(', ')}]`).join(', '));
  }
  const kind = detectorKindOf(handle.name, outputs);
  const [, , height, width] = input.shape;
  const fixed = typeof height === 'number' && typeof width === 'number' && height > 0 && width > 0 ? { width, height } : null;
  return {
    name: kind.name,
    detect: (image, options) =>
      detect(image, { ...detectDefaults, ...options }, { kind, fixed, session, input: input.name, outputs: outputs.map((o) => o.name) }),
  };
}

interface Opened {
  readonly kind: DetectorKind;
  readonly fixed: Size | null;
  readonly session: Session;
  readonly input: string;
  readonly outputs: readonly string[];
}

async function detect(image: ImageBuffer, options: DetectOptions, { kind, fixed, session, input, outputs }: Opened): Promise<Face[]> {
  const { scale, size } = placementOf(image, fixed, options, kind.multiple);
  const scaled =
    scale === 1
      ? image
      : resizeImage(image, Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale)), 'bicubic');
  const results = await session.run({ [input]: planesOf(scaled, size, kind) });
  const decoded = kind.decode(
    outputs.map((name) => ({ data: results[name]!.data as Float32Array, width: results[name]!.dims.at(-1) ?? 1 })),
    size,
    options.threshold,
  );
  return suppress(decoded, kind.suppression).map(({ box, score, landmarks }) => ({
    box: [box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale],
    confidence: Math.min(1, score),
    landmarks: landmarks.map(([x, y]) => [x / scale, y / scale]),
  }));
}

/** How much the picture is scaled, and the size that is fed; it lies at the top left. */
function placementOf(
  { width, height }: Size,
  fixed: Size | null,
  { resize, longestSide }: DetectOptions,
  multiple: number,
): { readonly scale: number; readonly size: Size } {
  if (fixed) return { scale: Math.min(fixed.width / width, fixed.height / height), size: fixed };
  const fit = longestSide / Math.max(width, height);
  const scale = resize === 'native' ? 1 : resize === 'fit' ? fit : Math.min(1, fit);
  const up = (side: number) => Math.ceil(Math.max(1, Math.round(side * scale)) / multiple) * multiple;
  return { scale, size: { width: up(width), height: up(height) } };
}

/** The picture [1, 3, height, width] as the network reads it, black where it does not reach. */
function planesOf(image: ImageBuffer, { width, height }: Size, { channels, value }: DetectorKind): Tensor<'float32'> {
  const data = new Float32Array(3 * width * height);
  for (let plane = 0; plane < 3; plane++) {
    const channel = image.channels === 1 ? 0 : channels === 'BGR' ? 2 - plane : plane;
    data.fill(value(0, plane), plane * width * height, (plane + 1) * width * height);
    for (let y = 0; y < image.height; y++)
      for (let x = 0; x < image.width; x++)
        data[(plane * height + y) * width + x] = value(image.data[(y * image.width + x) * image.channels + channel]!, plane);
  }
  return { dtype: 'float32', dims: [1, 3, height, width], data };
}
