// Load face quality: the work of the node.
import type { Model, NodeRun } from '@facewright/core';
import { openFaceQuality } from '@facewright/pipelines';
import type { loadFaceQuality } from './definition.ts';
import { nameOf, scorerFile } from './scorer-file.ts';

/** Throws SCORER_MISSING, ONNX_MALFORMED for a file of another kind, PIPELINES_NETWORK for a network of another kind. */
export const run: NodeRun<typeof loadFaceQuality> = async ({ path }, ctx) => {
  const weights = await scorerFile(path, 'the ONNX file of a face quality network', 'ediffiqa', ctx);
  const model: Model<'face-quality'> = {
    family: 'face-quality',
    architecture: 'onnx',
    name: nameOf(path),
    components: { face_quality: { config: {}, weights, files: {} } },
    loras: [],
  };
  await openFaceQuality(model, ctx);
  return { model };
};
