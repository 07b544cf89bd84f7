// Load aesthetic predictor: the work of the node.
import type { Model, NodeRun } from '@facewright/core';
import { openAesthetic } from '@facewright/pipelines';
import type { loadAesthetic } from './definition.ts';
import { nameOf, scorerFile } from './scorer-file.ts';

/** Throws SCORER_MISSING, WEIGHTS_*, MODELS_INPUT for a file of another kind, MODELS_WEIGHTS. */
export const run: NodeRun<typeof loadAesthetic> = async ({ path }, ctx) => {
  const weights = await scorerFile(path, 'the head of an aesthetic predictor', 'aesthetic', ctx);
  const model: Model<'aesthetic'> = {
    family: 'aesthetic',
    architecture: 'linear-head',
    name: nameOf(path),
    components: { aesthetic: { config: {}, weights, files: {} } },
    loras: [],
  };
  await openAesthetic(model, ctx);
  return { model };
};
