// Prompts: the work of the node.
import type { NodeRun } from '@facewright/core';
import type { definition } from './definition.ts';
import { err } from './errors.ts';

/** Throws PROMPTS_EMPTY. */
export const run: NodeRun<typeof definition> = async ({ text, repeat, limit }) => {
  const lines = text.split('\n').map((line) => line.trim());
  // the key is the place, not the words: rewording a prompt keeps its noise, and the difference seen is the wording's
  const prompts = lines.flatMap((line, index) =>
    line === ''
      ? []
      : Array.from({ length: repeat }, (_, time) => ({ key: `line-${index + 1}${repeat > 1 ? `.${time + 1}` : ''}`, text: line })),
  );
  if (prompts.length === 0) throw err.EMPTY();
  return { prompts: { prompts: limit > 0 ? prompts.slice(0, limit) : prompts } };
};
