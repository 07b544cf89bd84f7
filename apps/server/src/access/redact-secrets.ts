// Takes secrets out of a text, those of this process's environment too. Whatever is logged, answered as an error or told in an event goes through it.
import { redact, secretsOf, type Problem, type RunEventBody } from '@facewright/core';

const known = secretsOf(process.env);

export const redactSecrets = (text: string): string => redact(text, known);

export const redactProblem = (problem: Problem): Problem => ({ ...problem, message: redactSecrets(problem.message) });

/** What an event tells in words that programs made: an error may quote anything. Outputs stay: they are the user's own data. */
export function redactEvent(body: RunEventBody): RunEventBody {
  if ('problem' in body) return { ...body, problem: redactProblem(body.problem) };
  if ('problems' in body) return { ...body, problems: body.problems.map(redactProblem) };
  if ('message' in body) return { ...body, message: redactSecrets(body.message) };
  return body;
}
