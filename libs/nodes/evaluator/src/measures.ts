// What is measured of a set of pictures, how it is to be read, and which of it a trainer may have optimised.

/** 'real': the closer to what real pictures give, the better. */
export type Better = 'higher' | 'lower' | 'real';

export interface PictureMeasure {
  readonly name: 'faceScore' | 'faceFound' | 'sharpness' | 'contrast';
  readonly label: string;
  readonly better: Better;
  /** A trainer of this graph may have optimised it. */
  readonly trained: boolean;
}
export interface SetMeasure {
  readonly name: 'frechetDistance' | 'diversity';
  readonly label: string;
  readonly better: Better;
  readonly trained: false;
}
export type Measure = PictureMeasure | SetMeasure;

/** One number a picture; null where there is none (no face to score). */
export const pictureMeasures: readonly PictureMeasure[] = [
  { name: 'faceScore', label: 'Face score', better: 'higher', trained: true },
  { name: 'faceFound', label: 'Face found', better: 'higher', trained: false },
  { name: 'sharpness', label: 'Sharpness', better: 'real', trained: false },
  { name: 'contrast', label: 'Contrast', better: 'real', trained: false },
];
/** One number a set of pictures. */
export const setMeasures: readonly SetMeasure[] = [
  { name: 'frechetDistance', label: 'Fréchet distance', better: 'lower', trained: false },
  { name: 'diversity', label: 'Diversity', better: 'real', trained: false },
];
export const allMeasures: readonly Measure[] = [...pictureMeasures, ...setMeasures];
