// Ports: one schema that the author's compiler, the link in the editor, the submission and the value at run time all use.
import { z } from 'zod';
import { err } from './errors.ts';
import {
  facesSchema, imageSchema, modelSchema, pairSetSchema, promptsSchema, reportSchema, scoresSchema, trainingSchema,
  type Faces, type Image, type Model, type PairSet, type Prompts, type Report, type Scores, type Training,
} from './values.ts';

/** What a port accepts, as JSON: all that the editor gets to know. */
export type PortType =
  | { readonly kind: 'text'; readonly multiline: boolean }
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly integer: boolean }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'seed' }
  /** A file or folder of the user; its content is part of a result's key. */
  | { readonly kind: 'path'; readonly of: 'file' | 'folder' | 'any' }
  | { readonly kind: 'image' | 'images' | 'faces' | 'prompts' | 'pairs' | 'scores' | 'training' | 'report' }
  | { readonly kind: 'model'; readonly family: string };
export type PortKind = PortType['kind'];

export interface Port<V> {
  readonly type: PortType;
  readonly optional: boolean;
  readonly default?: V;
  /** Shown beside the field in the editor: what it does, with units. */
  readonly help?: string;
  /** Narrows an unknown value; throws CORE_BAD_VALUE. The engine runs it on both sides of every node. */
  check(value: unknown): V;
}
interface PortOptions<V> {
  readonly default?: V;
  readonly help?: string;
}

function make<V>(type: PortType, options: PortOptions<V>, check: (value: unknown) => V): Port<V> {
  return { type, optional: false, ...options, check };
}
function checked<V>(type: PortType, want: string, options: PortOptions<V>, ok: (value: unknown) => boolean): Port<V> {
  return make(type, options, (value) => {
    if (!ok(value)) throw err.BAD_VALUE(want, value);
    return value as V;
  });
}
function parsed<V>(type: PortType, want: string, options: PortOptions<V>, schema: z.ZodType): Port<V> {
  return make(type, options, (value) => {
    const result = schema.safeParse(value);
    if (result.success) return result.data as V;
    const where = result.error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
    throw err.BAD_VALUE(`${want} (${where})`, value);
  });
}
const isNumber = (v: unknown, min: number, max: number, integer: boolean) =>
  typeof v === 'number' && Number.isFinite(v) && v >= min && v <= max && (!integer || Number.isInteger(v));

export const port = {
  text: ({ multiline = false, ...options }: { readonly multiline?: boolean } & PortOptions<string> = {}) =>
    checked<string>({ kind: 'text', multiline }, 'text', options, (v) => typeof v === 'string'),
  number: ({ min, max, ...options }: { readonly min: number; readonly max: number } & PortOptions<number>) =>
    checked<number>({ kind: 'number', min, max, integer: false }, `a number from ${min} to ${max}`, options, (v) => isNumber(v, min, max, false)),
  integer: ({ min, max, ...options }: { readonly min: number; readonly max: number } & PortOptions<number>) =>
    checked<number>({ kind: 'number', min, max, integer: true }, `a whole number from ${min} to ${max}`, options, (v) => isNumber(v, min, max, true)),
  boolean: (options: PortOptions<boolean> = {}) => checked<boolean>({ kind: 'boolean' }, 'true or false', options, (v) => typeof v === 'boolean'),
  choice: <const C extends readonly string[]>(of: C, options: PortOptions<C[number]> = {}) =>
    checked<C[number]>({ kind: 'choice', of }, `one of ${of.join(', ')}`, options, (v) => of.includes(v as string)),
  /** Any whole number from 0 to 2^53 - 1; the same seed gives the same numbers. */
  seed: (options: PortOptions<number> = {}) =>
    checked<number>({ kind: 'seed' }, `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`, { default: 0, ...options }, (v) => isNumber(v, 0, Number.MAX_SAFE_INTEGER, true)),
  path: ({ of = 'any', ...options }: { readonly of?: 'file' | 'folder' | 'any' } & PortOptions<string> = {}) =>
    checked<string>({ kind: 'path', of }, 'a path', options, (v) => typeof v === 'string' && v !== '' && !v.includes('\0')),
  image: (options: PortOptions<never> = {}) => parsed<Image>({ kind: 'image' }, 'an image', options, imageSchema),
  images: (options: PortOptions<never> = {}) => parsed<readonly Image[]>({ kind: 'images' }, 'a list of images', options, z.array(imageSchema)),
  faces: (options: PortOptions<never> = {}) => parsed<Faces>({ kind: 'faces' }, 'detected faces', options, facesSchema),
  prompts: (options: PortOptions<never> = {}) => parsed<Prompts>({ kind: 'prompts' }, 'prompts', options, promptsSchema),
  pairs: (options: PortOptions<never> = {}) => parsed<PairSet>({ kind: 'pairs' }, 'a pair set', options, pairSetSchema),
  scores: (options: PortOptions<never> = {}) => parsed<Scores>({ kind: 'scores' }, 'a score table', options, scoresSchema),
  training: (options: PortOptions<never> = {}) => parsed<Training>({ kind: 'training' }, 'a training run', options, trainingSchema),
  report: (options: PortOptions<never> = {}) => parsed<Report>({ kind: 'report' }, 'a report', options, reportSchema),
  model: <const F extends string>(family: F, options: PortOptions<never> = {}) =>
    parsed<Model<F>>({ kind: 'model', family }, `a ${family} model`, options, modelSchema.extend({ family: z.literal(family) })),
  optional: <V>(inner: Port<V>): Port<V | undefined> => ({
    ...(inner as Port<V | undefined>), optional: true, check: (value) => (value === undefined ? undefined : inner.check(value)),
  }),
} as const;

/** Kinds that a person types into a field; every other kind arrives by a link. */
export const isWidget = (type: PortType): boolean => ['text', 'number', 'boolean', 'choice', 'seed', 'path'].includes(type.kind);
