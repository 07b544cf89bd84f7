// Toy faces: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/toy-faces',
  version: 1,
  title: 'Toy faces',
  summary:
    'Draws faces in simple scenes by rule, each with a caption: good pictures for the small models, and a reference of what is real to them.',
  category: 'Pictures',
  inputs: {
    count: port.integer({ min: 1, max: 100_000, default: 64, help: 'Pictures to draw, of 64 x 64 pixels.' }),
    promptCount: port.integer({ min: 0, max: 100_000, default: 32, help: 'Captions of further scenes, none of which is drawn here.' }),
    deformed: port.number({
      min: 0,
      max: 1,
      default: 0,
      help: 'Share of the pictures whose face is deformed: parts displaced, unequal, missing or surplus.',
    }),
    seed: port.seed({ default: 1, help: 'The same seed draws the same pictures; a larger count adds to them.' }),
  },
  outputs: {
    images: port.images({ help: 'The pictures, with what they show as caption.' }),
    prompts: port.prompts({ help: 'Captions of scenes that are not among the pictures.' }),
  },
  effects: 'none',
});
