// What each metric is called when nobody says otherwise.

/** By node type: of whole pictures, and, with a detector, of faces. */
const names: Readonly<Record<string, { readonly picture: string; readonly face: string }>> = {
  'facewright/metric-face-score': { picture: 'FaceScore', face: 'FaceScore' },
  'facewright/metric-image-reward': { picture: 'ImageReward', face: 'LocalIR' },
  'facewright/metric-hps': { picture: 'HPS', face: 'LocalHPS' },
  'facewright/metric-clip-score': { picture: 'CLIPScore', face: 'LocalCLIPScore' },
  'facewright/metric-aesthetic': { picture: 'Aesthetic', face: 'LocalAesthetic' },
  'facewright/metric-face-quality': { picture: 'FaceQuality', face: 'FaceQuality' },
  'facewright/metric-frechet-distance': { picture: 'FID', face: 'FID' },
  'facewright/metric-kernel-distance': { picture: 'KID', face: 'KID' },
};

/** The name that a metric node gives; null for a node that is none of these. `typed` is what its field says. */
export function metricNameOf(type: string, typed: unknown, local: boolean): string | null {
  const own = names[type];
  if (!own) return null;
  return typeof typed === 'string' && typed !== '' ? typed : own[local ? 'face' : 'picture'];
}
