// Metrics of an experiment: ports of the nodes that each add one to a list, safe in a browser.
import { defineNode, port } from '@facewright/core';

const metrics = port.optional(port.metrics({ help: 'Metrics chosen before this one; the new one comes last.' }));
const name = (what: string) =>
  port.text({ default: '', help: `What tables and gates call it; empty: ${what}. Needed when a list has the same metric twice.` });
const detector = port.model('face-detector', { help: 'Finds the faces that are scored; a picture has the mean of its faces.' });
const someDetector = port.optional(
  port.model('face-detector', {
    help: 'With it, each face is scored, and a picture has the mean of its faces. Without it, the whole picture is.',
  }),
);
const threshold = port.number({ min: 0, max: 1, default: 0.5, advanced: true, help: 'Least confidence of a face.' });
const prompt = port.text({ default: '', advanced: true, help: 'What the pictures are said to show; empty takes the prompt of each.' });
const features = port.model('features', {
  help: 'The network whose features are compared. It should never have seen a generated picture; published FID and KID use Inception v3.',
});
const outputs = { metrics: port.metrics({ help: 'The list, for the next metric or for an experiment.' }) };
const common = { version: 1, category: 'Metrics', outputs, effects: 'none' } as const;

export const faceScoreMetric = defineNode({
  ...common,
  type: 'facewright/metric-face-score',
  title: 'Metric: Face score',
  summary: 'Adds the face score to the metrics of an experiment: each face that is found is scored, a picture has the mean of its faces.',
  inputs: {
    metrics,
    model: port.model('face-score', { help: 'The model that scores, from Load face score or Face Score trainer.' }),
    detector,
    name: name('FaceScore'),
    prompt: port.text({ default: 'A face.', advanced: true, help: 'What a face is said to show; FaceScore always says "A face."' }),
    threshold,
  },
});

export const imageRewardMetric = defineNode({
  ...common,
  type: 'facewright/metric-image-reward',
  title: 'Metric: ImageReward',
  summary: 'Adds ImageReward to the metrics of an experiment; with a detector LocalIR, the same on each face.',
  inputs: {
    metrics,
    model: port.model('face-score', { help: 'ImageReward, from Load face score.' }),
    detector: someDetector,
    name: name('ImageReward, with a detector LocalIR'),
    prompt,
    threshold,
  },
});

export const hpsMetric = defineNode({
  ...common,
  type: 'facewright/metric-hps',
  title: 'Metric: HPS',
  summary: 'Adds the human preference score to the metrics of an experiment; with a detector LocalHPS, the same on each face.',
  inputs: {
    metrics,
    model: port.model('clip', { help: 'The checkpoint of HPS, from Load CLIP.' }),
    detector: someDetector,
    name: name('HPS, with a detector LocalHPS'),
    version: port.choice(['auto', 'v1', 'v2'], {
      default: 'auto',
      help: 'How pictures are made smaller; auto: v2 for ViT-H, which only it has.',
      advanced: true,
    }),
    prompt,
    threshold,
  },
});

export const clipScoreMetric = defineNode({
  ...common,
  type: 'facewright/metric-clip-score',
  title: 'Metric: CLIP score',
  summary: 'Adds the CLIP score to the metrics of an experiment: how well a picture shows its prompt.',
  inputs: {
    metrics,
    model: port.model('clip', { help: 'CLIP, from Load CLIP.' }),
    detector: someDetector,
    name: name('CLIPScore, with a detector LocalCLIPScore'),
    prompt,
    threshold,
  },
});

export const aestheticMetric = defineNode({
  ...common,
  type: 'facewright/metric-aesthetic',
  title: 'Metric: Aesthetic score',
  summary: "Adds the score of LAION's aesthetic predictor to the metrics of an experiment.",
  inputs: {
    metrics,
    model: port.model('aesthetic', { help: 'The head, from Load aesthetic predictor.' }),
    clip: port.model('clip', { help: "OpenAI's CLIP ViT-L/14, which the heads of LAION were trained on." }),
    detector: someDetector,
    name: name('Aesthetic, with a detector LocalAesthetic'),
    threshold,
  },
});

export const faceQualityMetric = defineNode({
  ...common,
  type: 'facewright/metric-face-quality',
  title: 'Metric: Face quality',
  summary: 'Adds a face quality network to the metrics of an experiment; the detector has to give landmarks, by which faces are aligned.',
  inputs: {
    metrics,
    model: port.model('face-quality', { help: 'The network, from Load face quality.' }),
    detector,
    name: name('FaceQuality'),
    threshold,
  },
});

export const frechetMetric = defineNode({
  ...common,
  type: 'facewright/metric-frechet-distance',
  title: 'Metric: Fréchet distance (FID)',
  summary:
    'Adds the Fréchet distance between the features of drawn and of real pictures: FID, where the features are those of Inception v3.',
  inputs: { metrics, model: features, name: name('FID') },
});

export const kernelMetric = defineNode({
  ...common,
  type: 'facewright/metric-kernel-distance',
  title: 'Metric: Kernel distance (KID)',
  summary:
    'Adds the kernel distance between the features of drawn and of real pictures: KID, where the features are those of Inception v3. It needs fewer pictures than FID.',
  inputs: { metrics, model: features, name: name('KID') },
});
