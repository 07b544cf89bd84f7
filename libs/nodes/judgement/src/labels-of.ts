// What the pictures of a set come from.
import type { JudgingTask } from '@facewright/core';

/** A label for each picture: those of the set, else the first of the task. */
export const labelsOf = (
  { labels, images }: Pick<JudgingTask['sets'][number], 'labels' | 'images'>,
  ofTask: readonly string[],
): readonly string[] => labels ?? ofTask.slice(0, images.length);
