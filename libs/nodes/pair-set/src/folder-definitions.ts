// Pairs in folders: ports of the nodes, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const savePairs = defineNode({
  type: 'facewright/save-pairs',
  version: 1,
  title: 'Save pairs',
  summary: 'Writes a pair set into the output folder: good/, bad/, a manifest with a line for each pair, and a contact sheet to look at.',
  category: 'Output',
  inputs: {
    pairs: port.pairs({ help: 'The pairs to write.' }),
    folder: port.text({ default: 'pairs', help: 'Folder inside the output folder of the run.' }),
  },
  outputs: {
    pairs: port.pairs({ help: 'The pairs that were written.' }),
    report: port.report({ help: 'The contact sheet.' }),
  },
  effects: 'writes',
  output: true,
});

export const loadPairs = defineNode({
  type: 'facewright/load-pairs',
  version: 1,
  title: 'Load pairs',
  summary: 'Reads a pair set that Save pairs wrote, with everything that its manifest says.',
  category: 'Faces',
  inputs: {
    folder: port.path({ of: 'folder', help: 'A folder with manifest.jsonl, good/ and bad/.' }),
    limit: port.integer({ min: 0, max: 1_000_000, default: 0, help: 'Most pairs to read, in the order of the manifest; 0 reads all.' }),
  },
  outputs: {
    pairs: port.pairs({ help: 'The pairs, as they were saved.' }),
    preview: port.image({ help: 'The first pairs side by side, with their scores where they have some.' }),
  },
  effects: 'reads',
});
