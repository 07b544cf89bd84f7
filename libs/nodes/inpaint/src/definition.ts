// Inpaint: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/inpaint',
  version: 1,
  title: 'Inpaint',
  summary:
    'Repaints the faces of pictures with a diffusion model and leaves every other pixel as it is: how bad counterparts of good faces are made.',
  category: 'Faces',
  inputs: {
    model: port.model('diffusion', {
      help: 'The model that repaints. An inpainting U-Net (9 input channels) sees what surrounds the face; any other has it put back after every step.',
    }),
    faces: port.faces({ help: 'Pictures with the boxes to repaint; pictures without a face are left out.' }),
    start: port.integer({
      min: 1,
      max: 1000,
      default: 600,
      help: 'Training timestep to begin at. 1000 paints from pure noise; less keeps more of the face that was there.',
    }),
    steps: port.integer({
      min: 1,
      max: 1000,
      default: 25,
      help: 'Denoising steps of the whole schedule; those above the start are left out.',
    }),
    guidance: port.number({
      min: 0,
      max: 50,
      default: 3,
      help: 'How strongly the prompt leads (classifier-free guidance); 1 takes half the time.',
    }),
    prompt: port.text({ default: 'A face.', help: 'For pictures without a caption; the others are repainted by theirs.' }),
    negativePrompt: port.text({ default: '', help: 'What guidance leads away from; may stay empty.' }),
    scheduler: port.choice(['ddim', 'euler'], { default: 'ddim', help: 'How the steps are taken; both are deterministic.' }),
    margin: port.number({
      min: -0.4,
      max: 2,
      default: 0.1,
      help: 'Share of its width and height by which a box grows on each side before it is repainted.',
    }),
    longestSide: port.integer({
      min: 32,
      max: 4096,
      default: 768,
      help: 'Larger pictures are repainted at this many pixels and the faces put back at full size.',
    }),
    batch: port.integer({ min: 1, max: 256, default: 8, help: 'Pictures repainted together. More is faster until memory ends.' }),
    seed: port.seed({ help: 'The noise of a picture depends on the seed and on its key.' }),
  },
  outputs: { images: port.images({ help: 'The repainted pictures, under the keys of their originals.' }) },
  effects: 'none',
});
