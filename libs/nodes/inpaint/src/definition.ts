// Inpaint: ports of the nodes, safe in a browser.
import { defineNode, port } from '@facewright/core';
import { drawingPorts, samplingPorts } from '@facewright/pipelines/ports';

const model = port.model('diffusion', {
  help: 'The model that repaints. An inpainting U-Net (9 input channels) sees what surrounds the area; any other has it put back after every step.',
});
const area = (whole: string) =>
  port.choice(['picture', 'crop'], {
    default: 'picture',
    help: `picture: the model sees the whole picture, so that what it paints fits in. crop: it sees ${whole} with some surroundings at its full size, so that small faces get all of its detail.`,
  });
const padding = port.number({
  min: 0,
  max: 4,
  default: 0.5,
  advanced: true,
  help: 'For crop: surroundings on each side that the model also sees, as a share of the size of the area.',
});
const longestSide = port.integer({
  min: 0,
  max: 4096,
  default: 768,
  help: 'Pixels of the longest side at which the model works; 0 is the size that it was trained on. Larger pictures are scaled down to it and what is repainted put back at full size; crops are scaled up to it too.',
});

export const repaintFaces = defineNode({
  type: 'facewright/inpaint',
  version: 2,
  title: 'Inpaint faces',
  summary:
    'Repaints the faces of pictures with a diffusion model and leaves every other pixel as it is: makes bad counterparts of good faces, or repairs bad ones.',
  category: 'Faces',
  inputs: {
    model,
    faces: port.faces({ help: 'Pictures with the boxes to repaint.' }),
    strength: port.number({
      min: 0,
      max: 1,
      default: 0.6,
      help: 'How much of the schedule is walked. 1 paints from pure noise; less keeps more of the face that was there.',
    }),
    seed: port.seed({ help: 'The noise of a picture depends on the seed and on its key.' }),
    prompt: port.text({ default: 'A face.', help: 'For pictures without a caption; the others are repainted by theirs.' }),
    ...samplingPorts({ steps: 25, guidance: 3 }),
    shape: port.choice(['box', 'ellipse', 'landmarks'], {
      default: 'box',
      help: 'What of a face is repainted. box: all of it, as the paper does. ellipse: inside the box. landmarks: around eyes and mouth, from brows to chin, and turned with the face; without landmarks an ellipse.',
    }),
    area: area('each face'),
    feather: port.number({
      min: 0,
      max: 0.5,
      default: 0.1,
      help: 'Width of the soft edge between repainted and kept pixels, as a share of the shorter side of the box; 0 is a hard edge.',
    }),
    longestSide,
    without: port.choice(['leave out', 'pass on'], {
      default: 'leave out',
      advanced: true,
      help: 'What happens to pictures without a face.',
    }),
    margin: port.number({
      min: -0.4,
      max: 2,
      default: 0.1,
      advanced: true,
      help: 'Dilation: share of its width and height by which what is repainted grows on each side; less than 0 shrinks it.',
    }),
    padding,
    ...drawingPorts,
  },
  outputs: {
    images: port.images({
      help: 'The repainted pictures, under the keys of their originals. Each carries how it was made, for the manifest of pairs.',
    }),
  },
  effects: 'none',
  stops: true,
  migrations: [
    {
      to: 2,
      why: 'how far back a repaint goes is a share of the schedule, as image to image has it, instead of a training timestep; the edge of saved graphs stays hard',
      up: ({ start = 600, ...values }) => ({ ...values, strength: (start as number) / 1000, feather: 0 }),
    },
  ],
});

export const repaintMask = defineNode({
  type: 'facewright/inpaint-mask',
  version: 1,
  title: 'Inpaint',
  summary: 'Repaints what a mask marks and leaves every other pixel as it is.',
  category: 'Pictures',
  inputs: {
    model,
    images: port.images({ help: 'The pictures.' }),
    masks: port.images({ help: 'One mask for each picture, of its size, or one for all: white is repainted, black stays, grey is mixed.' }),
    strength: port.number({
      min: 0,
      max: 1,
      default: 1,
      help: 'How much of the schedule is walked. 1 paints from pure noise; less keeps more of what was there.',
    }),
    seed: port.seed({ help: 'The noise of a picture depends on the seed and on its key.' }),
    prompt: port.text({ default: '', multiline: true, help: 'What to paint; empty takes the caption of each picture.' }),
    ...samplingPorts({ steps: 25, guidance: 7.5 }),
    area: area('what is marked'),
    longestSide,
    padding,
    ...drawingPorts,
  },
  outputs: { images: port.images({ help: 'The pictures, under the keys of their originals.' }) },
  effects: 'none',
  stops: true,
});
