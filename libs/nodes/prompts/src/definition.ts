// Prompts: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/prompts',
  version: 1,
  title: 'Prompts',
  summary: 'What to draw, one prompt on each line.',
  category: 'Pictures',
  inputs: {
    text: port.text({
      multiline: true,
      default: 'a smiling woman with long red hair\na sad man with short black hair',
      help: 'One prompt on each line; empty lines are left out.',
    }),
    repeat: port.integer({
      min: 1,
      max: 10_000,
      default: 1,
      help: 'How often each prompt comes, each time with a key of its own, so that each is drawn from other noise.',
    }),
    limit: port.integer({ min: 0, max: 1_000_000, default: 0, help: 'Most prompts to pass on, counted after repeating; 0 passes on all.' }),
  },
  outputs: { prompts: port.prompts({ help: 'Prompts; the key of each is its line, and which repetition it is.' }) },
  effects: 'none',
});
