// Load image: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/load-image',
  version: 1,
  title: 'Load image',
  summary: 'Reads one picture, and a mask from its transparency: what is transparent is to be repainted.',
  category: 'Pictures',
  inputs: {
    path: port.path({ of: 'file', help: 'A PNG, JPEG or WebP file.' }),
    caption: port.text({ default: '', help: 'What the picture shows; may stay empty.' }),
  },
  outputs: {
    images: port.images({ help: 'The picture, opaque, with its colours also where it is transparent; its key is the file name.' }),
    masks: port.images({ help: 'White where the picture is transparent, black where it is opaque; all black without transparency.' }),
  },
  effects: 'reads',
});
