// Judgement set: the work of the node.
import { judgingName, type Image, type JudgingTask, type NodeRun } from '@facewright/core';
import type { Rng } from '@facewright/tensor';
import type { judgementSet } from './definition.ts';
import { drawn } from './drawn.ts';
import { err } from './errors.ts';
import { picturesOf } from './judged-pictures.ts';
import { setsOfCaptions, setsOfLists, type PickedSets } from './picked-sets.ts';

const MOST_SETS = 10_000;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,79}$/u;
type Inputs = Parameters<NodeRun<typeof judgementSet>>[0];

/** Throws what the inputs do wrong, and ENGINE_JUDGING_CHANGED when other pictures were judged under the name. */
export const run: NodeRun<typeof judgementSet> = async (inputs, ctx) => {
  const { question, showCaptions, limit, seed } = inputs;
  const name = inputs.name.trim();
  if (!NAME.test(name)) throw err.BAD_NAME(inputs.name);
  const rng = ctx.rng(seed);
  const { labels, sets: all, leftOver } = picked(inputs, rng);
  const sets = limit > 0 && limit < all.length ? drawn(all, limit, rng) : all;
  if (sets.length > MOST_SETS) throw err.TOO_MANY(MOST_SETS, sets.length);
  if (leftOver > 0) ctx.log('warn', `${leftOver} picture(s) have no partner and are left out`);
  const task: JudgingTask = { name, question, showCaptions, seed, labels: [...labels], sets: [...sets] };
  const { page } = await ctx.judging.publish(task);
  // Not the link itself: outputs are kept, shown and exported, and whoever has it may vote.
  const summary = `${sets.length} sets of ${[...new Set(sets.map(({ images }) => images.length))].sort().join(' or ')} pictures are put up as ${name}. ${
    page === null ? 'Make links under Judging.' : 'The link of the first annotator is under Judging, where more are made.'
  }`;
  return { task: judgingName(name), images: picturesOf(sets), summary };
};

function picked({ first, second, third, variants, pictures, perSet, ...labels }: Inputs, rng: Rng): PickedSets {
  const lists = [
    { label: labels.firstLabel, images: first },
    { label: labels.secondLabel, images: second },
    { label: labels.thirdLabel, images: third },
  ].filter((list): list is { label: string; images: readonly Image[] } => list.images !== undefined);
  const given = [...(lists.length > 0 ? ['lists'] : []), ...(variants ? ['variants'] : []), ...(pictures ? ['pictures'] : [])];
  if (given.length !== 1) throw err.SOURCES(given);
  if (variants) {
    if (variants.length < 2) throw err.VARIANTS(variants.length);
    return setsOfLists(variants, perSet, rng);
  }
  if (pictures) return setsOfCaptions(pictures, perSet);
  if (lists.length < 2) throw err.SOURCES(['one list alone']);
  return setsOfLists(lists, perSet, rng);
}
