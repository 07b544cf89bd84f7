// What an experiment compares: ports of the nodes that put models or pictures into a list, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const addModel = defineNode({
  type: 'facewright/add-model',
  version: 1,
  title: 'Add model',
  summary: 'Adds a diffusion model to the list that an experiment draws with.',
  category: 'Evaluation',
  inputs: {
    models: port.optional(
      port.models({
        help: 'Models added before; this one comes last. The first of all is the base, unless the evaluator is told otherwise.',
      }),
    ),
    model: port.model('diffusion', { help: 'The model to add.' }),
    label: port.text({ default: '', help: 'What reports and gates call it; empty takes the name of its file.' }),
  },
  outputs: { models: port.models({ help: 'The list, for the next model or for Draw experiment.' }) },
  effects: 'none',
});

export const addPictures = defineNode({
  type: 'facewright/add-pictures',
  version: 1,
  title: 'Add pictures',
  summary:
    'Adds pictures that are there already to a comparison: of another program, of a Sampler, of a folder. Pictures of the same key are compared.',
  category: 'Evaluation',
  inputs: {
    variants: port.optional(port.variants({ help: 'Variants before, from this node or from Draw experiment; this one comes last.' })),
    images: port.images({
      help: 'The pictures. Their keys pair them with those of other variants: prompt and seed, or the name of the file.',
    }),
    label: port.text({ help: 'What reports and gates call them.' }),
  },
  outputs: { variants: port.variants({ help: 'The variants, for the next pictures or for Evaluate experiment.' }) },
  effects: 'none',
});

export const variantPictures = defineNode({
  type: 'facewright/variant-pictures',
  version: 1,
  title: 'Pictures of a variant',
  summary:
    'Takes the pictures of one variant out of an experiment: to save them, to let people judge them, or for any node that takes pictures.',
  category: 'Evaluation',
  inputs: {
    variants: port.variants({ help: 'From Draw experiment or Add pictures.' }),
    label: port.text({ default: '', help: 'Whose pictures; empty takes the first.' }),
  },
  outputs: { images: port.images({ help: 'The pictures, under their keys.' }) },
  effects: 'none',
});
