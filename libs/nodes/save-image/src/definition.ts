// Save images: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/save-image',
  version: 1,
  title: 'Save images',
  summary: 'Writes pictures as PNG files into the output folder of the run.',
  category: 'Output',
  inputs: {
    images: port.images({ help: 'Pictures to write.' }),
    prefix: port.text({
      default: 'picture',
      help: 'First part of the file names; may name a folder, as in faces/picture. The key of the picture follows.',
    }),
  },
  outputs: { images: port.images({ help: 'The pictures that were written.' }) },
  effects: 'writes',
  output: true,
});
