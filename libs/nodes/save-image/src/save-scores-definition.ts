// Save scores: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/save-scores',
  version: 1,
  title: 'Save scores',
  summary: 'Writes a score table as CSV and JSON into the output folder of the run, and shows it.',
  category: 'Output',
  inputs: {
    scores: port.scores({ help: 'The table.' }),
    name: port.text({ default: 'scores', help: 'Name of the files, without ending.' }),
  },
  outputs: { report: port.report({ help: 'The table with its pictures, as a page and as JSON.' }) },
  effects: 'writes',
  output: true,
});
