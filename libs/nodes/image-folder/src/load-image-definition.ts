// Load image: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/load-image',
  version: 1,
  title: 'Load image',
  summary: 'Reads one picture, and a mask of what is to be repainted: painted over it, or its transparency.',
  category: 'Pictures',
  inputs: {
    path: port.path({ of: 'file', picture: true, help: 'A PNG, JPEG or WebP file, or one that was dropped on the node.' }),
    mask: port.text({
      default: '',
      maskOf: 'path',
      help: 'What is to be repainted, painted over the picture. Empty takes what is transparent in it.',
    }),
    caption: port.text({ default: '', help: 'What the picture shows; may stay empty.' }),
  },
  outputs: {
    images: port.images({
      help: 'The picture, opaque, with its colours also where it is transparent; its key is the file name, or the beginning of its digest when it was dropped.',
    }),
    masks: port.images({ help: 'White is to be repainted: what was painted, else what is transparent; all black without either.' }),
  },
  effects: 'reads',
});
