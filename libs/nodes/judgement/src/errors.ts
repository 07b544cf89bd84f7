// Coded errors of the nodes of human judgement.
import { defineErrors, listed, onLines } from '@facewright/tensor';

export const err = defineErrors('JUDGEMENT', {
  BAD_NAME: (name: string) =>
    `name: expected letters, digits, spaces, dots, - and _, at most 80, starting with a letter or digit, got ${JSON.stringify(name)}`,
  SOURCES: (got: readonly string[]) =>
    `inputs: expected pictures from one of first and second (and third), variants, pictures, got ${got.length === 0 ? 'none' : got.join(' and ')}`,
  VARIANTS: (got: number) => `variants: expected two or more, got ${got}`,
  LABELS: (label: string) => `labels: expected a different one for each model, got ${JSON.stringify(label)} twice`,
  DUPLICATE: (input: string, keys: readonly string[]) => `${input}: expected one picture of each key, got several of ${listed(keys, 5)}`,
  NO_SETS: (why: string) => `pictures: expected at least one set to compare, got none: ${why}`,
  TOO_MANY: (most: number, got: number) => `sets: expected at most ${most}, got ${got}; set a limit`,
  BAD_SOURCE: (source: string) => `source: expected judging: and a name, or a .jsonl or .csv file, got ${source}`,
  OTHER_TASK: (linked: string, source: string) => `source: expected ${linked}, the task that is linked, got ${source}`,
  BAD_FILE: (path: string, problems: readonly string[]) =>
    `${path}: expected judgements as they are exported, got ${problems.length} problem(s):${onLines(problems, 20)}`,
  UNKNOWN_ANNOTATORS: (names: readonly string[], known: readonly string[]) =>
    `leave out: expected annotators among ${known.join(', ') || 'nobody'}, got ${names.join(', ')}`,
  NO_METRICS: () => 'inputs: expected metrics or at least one score table, got none',
  SET_METRICS: (names: readonly string[]) =>
    `metrics: expected metrics with a value for each picture, got ${names.join(', ')} of whole sets of pictures`,
  NOTHING_SCORED: (metric: string, rows: number, images: number) =>
    `${metric}: expected scores of the judged pictures, got ${rows} row(s), none of them of the ${images} pictures that were judged; score the images that Judgements or Judgement set gives`,
});
