// Problems thrown together, so that a command shows all of them at once.
import { messageOf, toProblem, type Problem } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err as serverErr } from '@facewright/server';

export class ProblemList extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
  }
}

/** Whatever was thrown, as problems. */
export const problemsOf = (error: unknown): readonly Problem[] =>
  error instanceof ProblemList ? error.problems : [toProblem(error instanceof CodedError ? error : serverErr.INTERNAL(messageOf(error)))];
