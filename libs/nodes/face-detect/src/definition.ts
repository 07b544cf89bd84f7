// Face detect: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/face-detect',
  version: 1,
  title: 'Face detect',
  summary: 'Finds the faces of pictures: box, confidence and five landmarks each.',
  category: 'Faces',
  inputs: {
    model: port.model('face-detector', { help: 'YuNet, RetinaFace or SCRFD.' }),
    images: port.images({ help: 'Pictures to look at.' }),
    threshold: port.number({
      min: 0,
      max: 1,
      default: 0.6,
      help: 'Least confidence of a face. FaceScore keeps the faces that RetinaFace gives 0.9.',
    }),
    resize: port.choice(['auto', 'native', 'fit'], {
      default: 'auto',
      help: 'native: pictures as they are. fit: longest side scaled to the length below. auto: only longer ones are scaled. A detector of one size gets that size.',
    }),
    longestSide: port.integer({
      min: 32,
      max: 4096,
      default: 640,
      help: 'Pixels of the longest side after scaling. Smaller is faster, larger finds smaller faces.',
    }),
    smallestFace: port.integer({
      min: 0,
      max: 4096,
      default: 0,
      help: 'Pixels of the shorter side that a face must have; smaller ones are not given. 0 gives all.',
    }),
  },
  outputs: {
    faces: port.faces({ help: 'Every picture with its faces, most confident first; a picture without a face has an empty list.' }),
    overlays: port.images({ help: 'The pictures with boxes and landmarks drawn in.' }),
  },
  effects: 'none',
});
