// Pair set: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/pair-set',
  version: 1,
  title: 'Pair set',
  summary:
    'Puts good pictures and their repainted counterparts together as (good, bad) pairs for training, and leaves out those that teach nothing.',
  category: 'Faces',
  inputs: {
    good: port.images({ help: 'Pictures with good faces.' }),
    bad: port.images({ help: 'The same pictures with repainted faces; partners have the same key.' }),
    faces: port.faces({ help: 'Where the faces of the good pictures are.' }),
    smallestFace: port.integer({ min: 1, max: 4096, default: 16, help: 'Pixels of the shorter side that a face must have.' }),
    leastDifference: port.number({
      min: 0,
      max: 255,
      default: 2,
      help: 'Mean difference of the bytes inside the faces, 0 to 255, that the two pictures must show.',
    }),
    limit: port.integer({
      min: 0,
      max: 1_000_000,
      default: 0,
      help: 'Most pairs to keep, in the order of the good pictures; 0 keeps all.',
    }),
  },
  outputs: {
    pairs: port.pairs({ help: 'The pairs with the boxes of their faces.' }),
    preview: port.image({ help: 'The first pairs side by side: good at the left, bad at the right.' }),
  },
  effects: 'none',
  output: true,
});
