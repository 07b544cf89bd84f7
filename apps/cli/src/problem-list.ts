// Problems thrown together, so that a command shows all of them at once.
import { messageOf, toProblem, type Problem } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err as serverErr } from '@facewright/server';

export class ProblemList extends Error {
  readonly problems: readonly Problem[];
  /** How many there are, where these are the first of them. */
  readonly count: number;
  constructor(problems: readonly Problem[], count = problems.length) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
    this.count = count;
  }
}

/** Whatever was thrown, as problems. */
export const problemsOf = (error: unknown): readonly Problem[] =>
  error instanceof ProblemList ? error.problems : [toProblem(error instanceof CodedError ? error : serverErr.INTERNAL(messageOf(error)))];

/** Throws a ProblemList with everything that is wrong. */
export function allOf<T, R>(items: readonly T[], read: (item: T) => R): readonly R[] {
  const problems: Problem[] = [];
  const results = items.flatMap((item) => {
    try {
      return [read(item)];
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      problems.push(toProblem(error));
      return [];
    }
  });
  if (problems.length > 0) throw new ProblemList(problems);
  return results;
}
