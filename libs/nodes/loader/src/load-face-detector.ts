// Load face detector: the work of the node.
import type { NodeRun } from '@facewright/core';
import { openDetector } from '@facewright/pipelines';
import type { loadFaceDetector } from './definition.ts';
import { loadNetwork } from './load-network.ts';

/** Throws LOADER_NOT_FOUND, LOADER_MISSING, ONNX_MALFORMED for a file of another kind, PIPELINES_DETECTOR for a network of another kind. */
export const run: NodeRun<typeof loadFaceDetector> = async ({ path }, ctx) => {
  const model = await loadNetwork('face-detector', 'detector', path, { inside: 'face_detector/face_detector.onnx', pull: 'yunet' }, ctx);
  const { name } = await openDetector(model, ctx);
  ctx.log('info', `${model.name} is a ${name}`);
  return { model };
};
