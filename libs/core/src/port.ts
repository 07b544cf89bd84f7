// Ports: one schema that the author's compiler, the link in the editor, the submission and the value at run time all use.
import { z } from 'zod';
import { assetIdOf } from './asset-name.ts';
import { isBlocked } from './blocked.ts';
import { err } from './errors.ts';
import {
  facesSchema,
  imageSchema,
  judgementsSchema,
  labelledModelsSchema,
  metricsSchema,
  modelSchema,
  pairSetSchema,
  promptsSchema,
  reportSchema,
  scoresSchema,
  trainingSchema,
  variantsSchema,
  type Faces,
  type Image,
  type Judgements,
  type LabelledModel,
  type Metric,
  type Model,
  type PairSet,
  type Prompts,
  type Report,
  type Scores,
  type Training,
  type Variant,
} from './values.ts';

/** Folders of a models folder, named as ComfyUI names them; a path port that says one lets the editor list its files. */
export const modelFolders = ['checkpoints', 'loras', 'vae', 'embeddings', 'detectors', 'scorers', 'features'] as const;
export type ModelFolder = (typeof modelFolders)[number];

/** What a port accepts, as JSON: all that the editor gets to know. */
export type PortType =
  /** `maskOf` names the path input whose picture is painted over: the text is empty or the name of the mask's asset (`assetName`). */
  | { readonly kind: 'text'; readonly multiline: boolean; readonly maskOf?: string }
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly integer: boolean }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'seed' }
  /** A file or folder of the user; its content is part of a result's key. `picture`: a picture, or the name of an asset that is one (`assetName`). `judging`: a file, or a judging task of this server (`judgingName`). */
  | {
      readonly kind: 'path';
      readonly of: 'file' | 'folder' | 'any';
      readonly models?: ModelFolder;
      readonly picture?: true;
      readonly judging?: true;
    }
  | {
      readonly kind:
        | 'image'
        | 'images'
        | 'faces'
        | 'prompts'
        | 'pairs'
        | 'scores'
        | 'judgements'
        | 'training'
        | 'report'
        | 'models'
        | 'variants'
        | 'metrics';
    }
  | { readonly kind: 'model'; readonly family: string }
  /** A type variable: takes any value, and is the type of what is linked to it, or to an input that is the `same`. */
  | { readonly kind: 'any' }
  /** The type of the `any` input of that name, whatever it is in a graph. */
  | { readonly kind: 'same'; readonly as: string };
export type PortKind = PortType['kind'];

export interface Port<V> {
  readonly type: PortType;
  readonly optional: boolean;
  readonly default?: V;
  /** Shown beside the field in the editor: what it does, with units. */
  readonly help?: string;
  /** Rarely changed: shown only when asked for, and whenever it is linked or has another value than its default. */
  readonly advanced?: boolean;
  /** An input that is computed only when the definition's `needs` asks for it; else the node gets undefined. */
  readonly lazy?: true;
  /** An output that gives a list of items: nodes after it run once for each. `type` is that of an item. */
  readonly each?: true;
  /** An input that takes all items of a list at once, where another would make its node run once for each. `type` is that of an item. */
  readonly many?: true;
  /** Narrows an unknown value; throws CORE_BAD_VALUE. The engine runs it on both sides of every node. */
  check(value: unknown): V;
}
interface PortOptions<V> {
  readonly default?: V;
  readonly help?: string;
  readonly advanced?: boolean;
}

/** What a port type accepts, in words: for messages, and for the reason why a link is refused. */
export function describeType(type: PortType): string {
  switch (type.kind) {
    case 'text':
      return type.maskOf === undefined ? 'text' : 'a mask: empty, or asset:sha256: and 64 digits';
    case 'number':
      return `a ${type.integer ? 'whole number' : 'number'} from ${type.min} to ${type.max}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${type.of.join(', ')}`;
    case 'seed':
      return `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`;
    case 'path':
      return type.of === 'any' ? 'a path' : `the path of a ${type.of}`;
    case 'image':
      return 'an image';
    case 'images':
      return 'a list of images';
    case 'faces':
      return 'detected faces';
    case 'prompts':
      return 'prompts';
    case 'pairs':
      return 'a pair set';
    case 'scores':
      return 'a score table';
    case 'judgements':
      return 'judgements';
    case 'training':
      return 'a training run';
    case 'report':
      return 'a report';
    case 'models':
      return 'a list of labelled models';
    case 'variants':
      return 'variants with their pictures';
    case 'metrics':
      return 'a list of metrics';
    case 'model':
      return `a ${type.family} model`;
    case 'any':
      return 'anything';
    case 'same':
      return `the same as input ${type.as}`;
  }
}

const isNumber = (v: unknown, min: number, max: number, integer: boolean) =>
  typeof v === 'number' && Number.isFinite(v) && v >= min && v <= max && (!integer || Number.isInteger(v));
const dataSchemas = {
  image: imageSchema,
  images: z.array(imageSchema),
  faces: facesSchema,
  prompts: promptsSchema,
  pairs: pairSetSchema,
  scores: scoresSchema,
  judgements: judgementsSchema,
  training: trainingSchema,
  report: reportSchema,
  models: labelledModelsSchema,
  variants: variantsSchema,
  metrics: metricsSchema,
  model: modelSchema,
} as const;

/** Narrows a value by the JSON of a port type alone, so that a browser checks as the engine does. Throws CORE_BAD_VALUE. */
export function checkValue(type: PortType, value: unknown): unknown {
  const require = (ok: boolean): unknown => {
    if (!ok) throw err.BAD_VALUE(describeType(type), value);
    return value;
  };
  switch (type.kind) {
    case 'text':
      return require(typeof value === 'string' && (type.maskOf === undefined || value === '' || assetIdOf(value) !== null));
    case 'number':
      return require(isNumber(value, type.min, type.max, type.integer));
    case 'boolean':
      return require(typeof value === 'boolean');
    case 'choice':
      return require(type.of.includes(value as string));
    case 'seed':
      return require(isNumber(value, 0, Number.MAX_SAFE_INTEGER, true));
    case 'path':
      return require(typeof value === 'string' && value !== '' && !value.includes('\0'));
    case 'any':
    case 'same':
      return require(value !== undefined);
    default: {
      const result = dataSchemas[type.kind].safeParse(value);
      if (!result.success) {
        const where = result.error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
        throw err.BAD_VALUE(`${describeType(type)} (${where})`, value);
      }
      if (type.kind === 'model' && (result.data as Model).family !== type.family)
        throw err.BAD_VALUE(`${describeType(type)} (family: ${type.family})`, value);
      return result.data;
    }
  }
}
/** A required port of a type, whose check is the type's. */
export const portOf = <V>(type: PortType, options: PortOptions<V> = {}): Port<V> => ({
  type,
  optional: false,
  ...options,
  check: (value) => checkValue(type, value) as V,
});

/** Items that are blocked pass: what they stand for is missing, not wrong. */
const listOf = <V>({ type, optional, help, check }: Port<V>): Port<readonly V[]> => ({
  type,
  optional,
  ...(help !== undefined && { help }),
  check(value) {
    if (!Array.isArray(value)) throw err.BAD_VALUE(`a list, each ${describeType(type)}`, value);
    return value.map((item: unknown) => (isBlocked(item) ? (item as V) : check(item)));
  },
});

export const port = {
  text: ({
    multiline = false,
    maskOf,
    ...options
  }: { readonly multiline?: boolean; readonly maskOf?: string } & PortOptions<string> = {}) =>
    portOf<string>({ kind: 'text', multiline, ...(maskOf !== undefined && { maskOf }) }, options),
  number: ({ min, max, ...options }: { readonly min: number; readonly max: number } & PortOptions<number>) =>
    portOf<number>({ kind: 'number', min, max, integer: false }, options),
  integer: ({ min, max, ...options }: { readonly min: number; readonly max: number } & PortOptions<number>) =>
    portOf<number>({ kind: 'number', min, max, integer: true }, options),
  boolean: (options: PortOptions<boolean> = {}) => portOf<boolean>({ kind: 'boolean' }, options),
  choice: <const C extends readonly string[]>(of: C, options: PortOptions<C[number]> = {}) =>
    portOf<C[number]>({ kind: 'choice', of }, options),
  /** Any whole number from 0 to 2^53 - 1; the same seed gives the same numbers. */
  seed: (options: PortOptions<number> = {}) => portOf<number>({ kind: 'seed' }, { default: 0, ...options }),
  path: ({
    of = 'any',
    models,
    picture,
    judging,
    ...options
  }: {
    readonly of?: 'file' | 'folder' | 'any';
    readonly models?: ModelFolder;
    readonly picture?: true;
    readonly judging?: true;
  } & PortOptions<string> = {}) =>
    portOf<string>({ kind: 'path', of, ...(models && { models }), ...(picture && { picture }), ...(judging && { judging }) }, options),
  image: (options: PortOptions<never> = {}) => portOf<Image>({ kind: 'image' }, options),
  images: (options: PortOptions<never> = {}) => portOf<readonly Image[]>({ kind: 'images' }, options),
  faces: (options: PortOptions<never> = {}) => portOf<Faces>({ kind: 'faces' }, options),
  prompts: (options: PortOptions<never> = {}) => portOf<Prompts>({ kind: 'prompts' }, options),
  pairs: (options: PortOptions<never> = {}) => portOf<PairSet>({ kind: 'pairs' }, options),
  scores: (options: PortOptions<never> = {}) => portOf<Scores>({ kind: 'scores' }, options),
  judgements: (options: PortOptions<never> = {}) => portOf<Judgements>({ kind: 'judgements' }, options),
  training: (options: PortOptions<never> = {}) => portOf<Training>({ kind: 'training' }, options),
  report: (options: PortOptions<never> = {}) => portOf<Report>({ kind: 'report' }, options),
  models: (options: PortOptions<never> = {}) => portOf<readonly LabelledModel[]>({ kind: 'models' }, options),
  variants: (options: PortOptions<never> = {}) => portOf<readonly Variant[]>({ kind: 'variants' }, options),
  metrics: (options: PortOptions<never> = {}) => portOf<readonly Metric[]>({ kind: 'metrics' }, options),
  model: <const F extends string>(family: F, options: PortOptions<never> = {}) => portOf<Model<F>>({ kind: 'model', family }, options),
  /** Anything: on an input a type variable, which `same` refers to; on an output a value whose type nobody knows before the run. */
  any: (options: PortOptions<never> = {}) => portOf<unknown>({ kind: 'any' }, options),
  /** Of the type that the `any` input of this name has in a graph. */
  same: (as: string, options: PortOptions<never> = {}) => portOf<unknown>({ kind: 'same', as }, options),
  lazy: <V>(inner: Port<V>): Port<V | undefined> => ({
    ...(inner as Port<V | undefined>),
    lazy: true,
    check: (value) => (value === undefined ? undefined : inner.check(value)),
  }),
  each: <V>(item: Port<V>): Port<readonly V[]> => ({ ...listOf(item), each: true }),
  many: <V>(item: Port<V>): Port<readonly V[]> => ({ ...listOf(item), many: true }),
  optional: <V>(inner: Port<V>): Port<V | undefined> => ({
    ...(inner as Port<V | undefined>),
    optional: true,
    check: (value) => (value === undefined ? undefined : inner.check(value)),
  }),
} as const;

/** Kinds that a person types into a field; every other kind arrives by a link. */
export const isWidget = (type: PortType): boolean => ['text', 'number', 'boolean', 'choice', 'seed', 'path'].includes(type.kind);
