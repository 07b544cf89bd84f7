// What the evaluators measure beside what they are told to, by name.

/** Of the Evaluator, which measures nothing else. */
export const plainEvaluatorNames = ['faceScore', 'faceFound', 'sharpness', 'contrast', 'frechetDistance', 'diversity'] as const;

/** Of an experiment, where their models are there: what no score sees. */
export const guardNames = ['FacesFound', 'Sharpness', 'Contrast', 'Diversity'] as const;
