// Human judgement over HTTP: tasks and annotators for whoever runs the server; sets, pictures and votes for annotators, by the token of their link.
import { choiceSchema, type Vote } from '@facewright/core';
import { judgementsCsv, judgementsJsonl } from '@facewright/node-judgement/file';
import type { Request } from 'express';
import { z } from 'zod';
import type { DataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';
import { decodePicture, encodePng } from '../files/picture-codec.ts';
import { field, parameter } from '../http/request-parts.ts';
import type { Fields, Route } from '../http/routes.ts';

const MOST_VOTES = 1000;
const LONGEST_NAME = 80;
const formats = ['jsonl', 'csv'] as const;
const problems: Fields = { problems: 'Problem[]' };
const votesSchema = z
  .array(z.object({ id: z.string().min(1).max(64), set: z.number().int().nonnegative(), choice: choiceSchema.nullable() }))
  .min(1)
  .max(MOST_VOTES);

function votesIn(request: Request): readonly Vote[] {
  const parsed = votesSchema.safeParse(field(request, 'votes'));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'votes'}: ${message}`);
  throw err.BAD_REQUEST('votes', `1 to ${MOST_VOTES} votes with id, set and choice`, where.join('; '));
}
function nameIn(request: Request): string {
  const name = field(request, 'name');
  const trimmed = typeof name === 'string' ? name.trim() : '';
  // A comma separates names where some are left out.
  if (trimmed === '' || trimmed.length > LONGEST_NAME || /[,\p{Cc}]/u.test(trimmed))
    throw err.BAD_REQUEST('name', `1 to ${LONGEST_NAME} characters without a comma`, JSON.stringify(name)?.slice(0, 100) ?? 'nothing');
  return trimmed;
}
/** A number in the path; one that is none names nothing. */
const numberIn = (request: Request, name: string): number => {
  const text = parameter(request, name);
  if (!/^\d{1,9}$/.test(text)) throw err.NO_SUCH(name, text);
  return Number(text);
};

export const judgingRoutes = ({ assets, judging }: Pick<DataFolder, 'assets' | 'judging'>): readonly Route[] => [
  {
    method: 'get',
    path: '/judging',
    // With the links of the annotators, by which one may vote.
    scope: 'run',
    summary: 'The judging tasks with their annotators and how far each has come, newest first. A task is put up by a Judgement set node.',
    answers: { 200: { tasks: 'JudgingTask[]' } },
    handle: (_, response) => response.json({ tasks: judging.list() }),
  },
  {
    method: 'delete',
    path: '/judging/{name}',
    summary: 'Deletes a judging task with its annotators and all votes.',
    answers: { 204: null, 404: problems },
    handle(request, response) {
      judging.remove(parameter(request, 'name'));
      response.status(204).end();
    },
  },
  {
    method: 'post',
    path: '/judging/{name}/annotators',
    summary: 'Makes a link for one more annotator.',
    body: { name: 'string' },
    answers: { 201: { annotator: 'Annotator' }, 400: problems, 404: problems },
    handle: (request, response) =>
      response.status(201).json({ annotator: judging.addAnnotator(parameter(request, 'name'), nameIn(request)) }),
  },
  {
    method: 'delete',
    path: '/judging/{name}/annotators/{token}',
    summary: 'Withdraws the link of an annotator; the votes stay.',
    answers: { 204: null, 404: problems },
    handle(request, response) {
      judging.withdraw(parameter(request, 'name'), parameter(request, 'token'));
      response.status(204).end();
    },
  },
  {
    method: 'get',
    path: '/judging/{name}/export',
    summary: 'The sets and votes of a task as a file that the Judgements node reads.',
    query: { format: { about: 'jsonl, the default, or csv for spreadsheets.', of: formats } },
    answers: { 200: 'bytes', 400: problems, 404: problems },
    handle(request, response) {
      const { format = 'jsonl' } = request.query;
      if (format !== 'jsonl' && format !== 'csv') throw err.BAD_REQUEST('query format', formats.join(' or '), JSON.stringify(format));
      const given = judging.read(parameter(request, 'name'));
      const file = format === 'csv' ? judgementsCsv(given) : judgementsJsonl(given);
      response
        .attachment(`${given.name}.${format}`)
        .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson')
        .send(Buffer.from(file));
    },
  },
  {
    method: 'get',
    path: '/judge/{token}',
    scope: 'open',
    summary: 'What an annotator is asked: all sets in the order of the annotator, with the votes until now.',
    answers: { 200: { question: 'string', annotator: 'string', sets: 'BlindSet[]' }, 404: problems },
    handle: (request, response) => response.set('Cache-Control', 'no-store').json(judging.blindTask(parameter(request, 'token'))),
  },
  {
    method: 'get',
    path: '/judge/{token}/pictures/{set}/{picture}',
    scope: 'open',
    summary: 'A picture of a set as the annotator sees it: PNG, without anything that its file says about where it comes from.',
    answers: { 200: 'bytes', 404: problems },
    async handle(request, response) {
      const [set, shown] = [numberIn(request, 'set'), numberIn(request, 'picture')];
      const id = judging.pictureOf(parameter(request, 'token'), set, shown);
      const pixels = await decodePicture(await assets.read(id), `${shown + 1} of set ${set}`);
      // What a link shows at a place never changes.
      response
        .set('Cache-Control', 'private, max-age=31536000, immutable')
        .type('image/png')
        .send(await encodePng(pixels));
    },
  },
  {
    method: 'post',
    path: '/judge/{token}/votes',
    scope: 'open',
    summary: `Stores up to ${MOST_VOTES} votes, in order; all of them or none. \`judged\`: sets of the annotator with a vote.`,
    body: { votes: 'Vote[]' },
    answers: { 200: { judged: 'integer' }, 400: problems, 404: problems },
    handle: (request, response) => response.json({ judged: judging.vote(parameter(request, 'token'), votesIn(request)) }),
  },
];
