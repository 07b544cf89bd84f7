// What routes read of a request.
import { parseGraph, type Graph, type Problem } from '@facewright/core';
import type { Request } from 'express';
import { err } from '../errors.ts';

/** A member of the JSON object that the body is. Throws SERVER_BAD_REQUEST. */
export const field = (request: Request, name: string): unknown => {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw err.BAD_REQUEST('body', `a JSON object with ${name}, sent as application/json`, 'something else');
  return (body as Record<string, unknown>)[name];
};
/** Nodes whose results are wanted, where the body names some; nothing where it leaves them out. Throws SERVER_BAD_REQUEST. */
export function targetsOf(request: Request): { readonly targets?: readonly string[] } {
  const targets = field(request, 'targets');
  if (targets === undefined) return {};
  if (!Array.isArray(targets) || !targets.every((target) => typeof target === 'string'))
    throw err.BAD_REQUEST('targets', 'a list of node ids', JSON.stringify(targets).slice(0, 120));
  return { targets };
}
/** A {parameter} of the path. */
export const parameter = (request: Request, name: string): string => String(request.params[name]);

/** A whole number of the query. Throws SERVER_BAD_REQUEST. */
export function wholeNumber(
  request: Request,
  name: string,
  { least = 0, most = Number.MAX_SAFE_INTEGER, or }: { least?: number; most?: number; or: number },
): number {
  const text = request.query[name];
  if (text === undefined) return or;
  const value = typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most))
    throw err.BAD_REQUEST(
      `query ${name}`,
      `a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`,
      JSON.stringify(text),
    );
  return value;
}

/** The key under which a client sends something once, however often it sends it: of the header Idempotency-Key or the body. Throws SERVER_BAD_REQUEST. */
export function clientKey(request: Request): string | undefined {
  const inHeader = request.get('idempotency-key');
  const inBody = field(request, 'key');
  if (inHeader !== undefined && inBody !== undefined && inHeader !== inBody)
    throw err.BAD_REQUEST('body key', `the Idempotency-Key that was sent, ${JSON.stringify(inHeader)}`, JSON.stringify(inBody));
  const given = inHeader ?? inBody;
  if (given === undefined) return undefined;
  if (typeof given !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(given))
    throw err.BAD_REQUEST('key', '1 to 200 characters of ASCII without blanks', JSON.stringify(given));
  return given;
}

class UnprocessableGraph extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super('graph with problems');
    this.problems = problems;
  }
}
/** What is wrong with the graph that was sent: the answer is 422 with all of it. Null for other errors. */
export const problemsOf = (error: unknown): readonly Problem[] | null => (error instanceof UnprocessableGraph ? error.problems : null);
export function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new UnprocessableGraph(problems);
}
export function wellFormed(json: unknown): Graph {
  const { graph, problems } = parseGraph(json);
  if (!graph) throw new UnprocessableGraph(problems);
  return graph;
}
