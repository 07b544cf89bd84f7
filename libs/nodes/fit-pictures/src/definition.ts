// Fit pictures: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/fit-pictures',
  version: 1,
  title: 'Fit pictures',
  summary: 'Brings pictures of any size to squares of one size, as training needs them.',
  category: 'Pictures',
  inputs: {
    images: port.images({ help: 'Pictures of any sizes.' }),
    model: port.optional(port.model('diffusion', { help: 'The model that they are for: side 0 takes the size that it was trained on.' })),
    side: port.integer({
      min: 0,
      max: 4096,
      default: 0,
      help: 'Pixels of each side of the squares; 0 takes the size that the model was trained on, 512 for Stable Diffusion 1.5.',
    }),
    keep: port.choice(['middle', 'top'], {
      default: 'middle',
      help: 'Which square of the picture, once its shorter side has that size. top is for portraits, whose faces are high up; pictures that are wider than high keep their middle.',
    }),
    smallest: port.integer({
      min: 0,
      max: 4096,
      default: 0,
      help: 'Pixels that the shorter side must have; smaller pictures are left out, since enlarging makes them soft. 0 takes all.',
    }),
  },
  outputs: { images: port.images({ help: 'The squares, under the same keys and captions.' }) },
  effects: 'none',
});
