// Ports of every node that trains, safe in a browser.
import { port } from '@facewright/core';

export const recomputePort = port.choice(['auto', 'off', 'on'], {
  default: 'auto',
  advanced: true,
  help: 'Computes parts of the model twice in every step, which takes about a third more time, instead of keeping them in memory. Auto does so where they would not fit. The result is the same.',
});
