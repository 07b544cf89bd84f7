// Preview: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/preview',
  version: 1,
  title: 'Preview',
  summary: 'Shows pictures in the editor and passes them on.',
  category: 'Output',
  inputs: {
    images: port.images({ help: 'Pictures to show.' }),
    limit: port.integer({ min: 1, max: 10_000, default: 64, help: 'Most pictures to show.' }),
  },
  outputs: { images: port.images({ help: 'The pictures that are shown.' }) },
  effects: 'none',
  output: true,
});
