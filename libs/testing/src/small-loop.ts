// Values that cut the face-quality loop down to seconds, for specs that need all of it to run.
export const smallLoop: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  good: { count: 24 },
  'held-out': { count: 40, promptCount: 6 },
  bad: { steps: 6 },
  'face-score': { steps: 4, batch: 4 },
  tuned: { steps: 3, batch: 4 },
  rival: { steps: 3, batch: 4 },
  'base-pictures': { steps: 5 },
  'tuned-pictures': { steps: 5 },
  'rival-pictures': { steps: 5 },
  report: { resamples: 100 },
};
