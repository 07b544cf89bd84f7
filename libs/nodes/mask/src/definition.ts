// Masks: ports of the nodes, safe in a browser. A mask is a grey picture of the size of its picture: 255 is to be repainted.
import { defineNode, port } from '@facewright/core';

export const faceMask = defineNode({
  type: 'facewright/face-mask',
  version: 1,
  title: 'Face mask',
  summary: 'A mask for each picture: white where its faces are, black elsewhere.',
  category: 'Faces',
  inputs: {
    faces: port.faces({ help: 'Pictures with their faces; a picture without a face gets a black mask.' }),
    shape: port.choice(['ellipse', 'box', 'landmarks'], {
      default: 'ellipse',
      help: 'ellipse: inside the box of the face. box: all of it. landmarks: around eyes and mouth, from brows to chin, and turned with the face; without landmarks an ellipse.',
    }),
    which: port.choice(['all', 'largest', 'smallest'], { default: 'all', help: 'Which faces of a picture, by the area of their boxes.' }),
    dilation: port.number({
      min: 0,
      max: 2,
      default: 0.1,
      help: 'How far the shape grows on every side, as a share of the longer side of the face.',
    }),
    feather: port.number({
      min: 0,
      max: 256,
      default: 0,
      help: 'Softness of the edge: standard deviation of a Gaussian blur, in pixels; 0 leaves it hard.',
    }),
  },
  outputs: { masks: port.images({ help: 'A mask for each picture, under its key: white is to be repainted.' }) },
  effects: 'none',
});

export const invertMask = defineNode({
  type: 'facewright/invert-mask',
  version: 1,
  title: 'Invert mask',
  summary: 'Makes white black and black white: what was to be kept is to be repainted.',
  category: 'Faces',
  inputs: { masks: port.images({ help: 'Masks.' }) },
  outputs: { masks: port.images({ help: 'The inverted masks, under the same keys.' }) },
  effects: 'none',
});
