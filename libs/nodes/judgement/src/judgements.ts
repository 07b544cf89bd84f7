// Judgements: the work of the node.
import { judgingTaskOf, type Judgements, type NodeContext, type NodeRun } from '@facewright/core';
import type { judgements } from './definition.ts';
import { err } from './errors.ts';
import { picturesOf } from './judged-pictures.ts';
import { parseJudgements } from './judgements-file.ts';
import { summarise, summaryInWords } from './summarise.ts';

/** Throws ENGINE_MISSING_JUDGING, ENGINE_MISSING_FILE, JUDGEMENT_BAD_FILE, JUDGEMENT_OTHER_TASK, JUDGEMENT_UNKNOWN_ANNOTATORS. */
export const run: NodeRun<typeof judgements> = async ({ source, task, leaveOut, resamples, seed }, ctx) => {
  if (task !== undefined && task !== source) throw err.OTHER_TASK(task, source);
  const all = await readFrom(source, ctx);
  const kept = withoutAnnotators(
    all,
    leaveOut.split(',').flatMap((name) => name.trim() || []),
  );
  const summary = summarise(kept, resamples, ctx.rng(seed));
  return { judgements: kept, images: picturesOf(kept.sets), summary: summaryInWords(kept.name, summary) };
};

async function readFrom(source: string, ctx: NodeContext): Promise<Judgements> {
  const name = judgingTaskOf(source);
  if (name !== null) return ctx.judging.read(name);
  if (!/\.(jsonl|csv)$/i.test(source)) throw err.BAD_SOURCE(source);
  return parseJudgements(source, new TextDecoder().decode(await ctx.files.read(source)));
}

function withoutAnnotators(given: Judgements, names: readonly string[]): Judgements {
  if (names.length === 0) return given;
  const known = [...new Set(given.sets.flatMap(({ votes }) => votes.map(({ annotator }) => annotator)))];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw err.UNKNOWN_ANNOTATORS(unknown, known);
  return { ...given, sets: given.sets.map((set) => ({ ...set, votes: set.votes.filter(({ annotator }) => !names.includes(annotator)) })) };
}
