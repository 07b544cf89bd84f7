// Image folder: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/image-folder',
  version: 1,
  title: 'Image folder',
  summary: 'Reads the pictures of a folder, with captions from text files beside them.',
  category: 'Pictures',
  inputs: {
    folder: port.path({ of: 'folder', help: 'Folder with PNG, JPEG or WebP files; folders inside it are not looked at.' }),
    limit: port.integer({ min: 0, max: 1_000_000, default: 0, help: 'Most pictures to read, in the order of their names; 0 reads all.' }),
    captions: port.choice(['sidecar', 'none'], {
      default: 'sidecar',
      help: 'sidecar: the text of cat.txt is the caption of cat.jpg, where there is one.',
    }),
    broken: port.choice(['refuse', 'leave out'], {
      default: 'refuse',
      advanced: true,
      help: 'What happens when some files cannot be read. refuse: nothing is given and all are listed. leave out: the others are given, and the log lists what is missing.',
    }),
  },
  outputs: { images: port.images({ help: 'The pictures; the key of each is its file name.' }) },
  effects: 'reads',
});
