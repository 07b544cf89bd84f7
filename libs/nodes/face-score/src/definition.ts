// Face score: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/face-score',
  version: 1,
  title: 'Face score',
  summary: 'Scores faces, or whole pictures, with a face score model. A picture without a face is reported as not scored, never as zero.',
  category: 'Faces',
  inputs: {
    model: port.model('face-score', { help: 'The model that scores.' }),
    faces: port.optional(
      port.faces({ help: 'Pictures with their faces; each face is cropped with one pixel of margin, as FaceScore does.' }),
    ),
    images: port.optional(port.images({ help: 'Pictures to score as a whole, when no faces are linked.' })),
    prompt: port.text({
      default: 'A face.',
      help: 'What the picture is said to show. FaceScore always says "A face."; empty takes the caption of each picture.',
    }),
    per: port.choice(['face', 'picture'], {
      default: 'face',
      help: 'One row for each face, or one for each picture with the mean of its faces.',
    }),
  },
  outputs: {
    scores: port.scores({ help: 'The table.' }),
    summary: port.text({}),
  },
  effects: 'none',
});
