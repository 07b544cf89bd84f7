// What crosses a wire: small immutable data, or references to content-addressed assets. Never a live object.
import { z } from 'zod';

/** Bytes in the store, named by their content. */
export const assetSchema = z.object({
  id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  mediaType: z.string(),
  bytes: z.number().int().nonnegative(),
});
export type Asset = z.infer<typeof assetSchema>;

/** How a value was made, for manifests. Nodes write it and pass it on; none decides by it. */
export const madeSchema = z.object({
  /** Type and version of the node, such as 'facewright/inpaint@3'. */
  by: z.string(),
  /** The models by the port they came in at: their names, and what names the content of their weights and of the LoRAs added to them. */
  models: z.record(z.string(), z.object({ name: z.string(), weights: z.record(z.string(), z.string()) })),
  /** Plain JSON by name: what the node was told, and what it found out, such as the seed of this one picture. */
  settings: z.record(z.string(), z.unknown()),
});
export type Made = z.infer<typeof madeSchema>;

/** A picture. `key` says which picture it is among its like (same prompt and seed, same source file), so that two lists can be paired. */
export const imageSchema = z.object({
  asset: assetSchema,
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  key: z.string(),
  caption: z.string(),
  made: madeSchema.optional(),
});
export type Image = z.infer<typeof imageSchema>;

/** Pixels [x1, y1, x2, y2] of the picture, x2 and y2 exclusive; fractions allowed. */
export const boxSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]);
export type Box = z.infer<typeof boxSchema>;

/** Five points: eye at the image's left, eye at its right, nose tip, mouth corner at the left, at the right. */
export const faceSchema = z.object({
  box: boxSchema,
  /** Detector confidence, 0..1. */
  confidence: z.number(),
  landmarks: z.array(z.tuple([z.number(), z.number()])),
});
export type Face = z.infer<typeof faceSchema>;

export const facesSchema = z.object({
  images: z.array(z.object({ image: imageSchema, faces: z.array(faceSchema) })),
  /** Which detector found them, and how. */
  made: madeSchema.optional(),
});
export type Faces = z.infer<typeof facesSchema>;

/** Prompts to draw; `key` is the identity that pairing uses. */
export const promptsSchema = z.object({ prompts: z.array(z.object({ key: z.string(), text: z.string() })) });
export type Prompts = z.infer<typeof promptsSchema>;

/** What is known of how one pair was made and why it was kept. `good.made` and `bad.made` say how its pictures were. */
export const pairMadeSchema = z.object({
  /** Mean difference of the bytes inside the boxes, 0..255. */
  difference: z.number(),
  /** How the faces of the good picture were found, and how sure the detector was of each box. */
  detected: madeSchema.optional(),
  confidences: z.array(z.number()).optional(),
  /** What a score says of the faces of both pictures, box by box; a box that gives no crop has null. */
  score: z
    .object({ made: madeSchema, good: z.array(z.number().nullable()), bad: z.array(z.number().nullable()), gap: z.number() })
    .optional(),
  /** Whether a detector still finds the faces in the bad picture: for each box the best intersection over union with a face found there, and the confidence of that face. */
  agreement: z.object({ made: madeSchema, overlaps: z.array(z.number()), confidences: z.array(z.number()) }).optional(),
});
export type PairMade = z.infer<typeof pairMadeSchema>;

/** A pair: the same scene with a good and a bad face; `boxes` are the repainted regions. */
export const pairSetSchema = z.object({
  pairs: z.array(
    z.object({
      key: z.string(),
      caption: z.string(),
      good: imageSchema,
      bad: imageSchema,
      boxes: z.array(boxSchema),
      made: pairMadeSchema.optional(),
    }),
  ),
  /** How the pairs were made: settings of the inpainting and of the filters, with counts. */
  manifest: z.record(z.string(), z.unknown()),
});
export type PairSet = z.infer<typeof pairSetSchema>;

/** One metric over pictures. A picture without a face has `score` null and says why: it is never scored as zero. */
export const scoresSchema = z.object({
  metric: z.string(),
  higherIsBetter: z.boolean(),
  rows: z.array(
    z.object({
      image: imageSchema,
      face: z.number().int().nullable(),
      box: boxSchema.nullable(),
      score: z.number().nullable(),
      note: z.string().optional(),
    }),
  ),
});
export type Scores = z.infer<typeof scoresSchema>;

/** What somebody said of a set of pictures: the index of the best, that none is better than the others, or that one of them shows no face. */
export const choiceSchema = z.union([z.number().int().min(0).max(2), z.literal('tie'), z.literal('no face')]);
export type Choice = z.infer<typeof choiceSchema>;

/** Two or three pictures of the same prompt that people compare. */
const judgedSetSchema = z.object({
  key: z.string(),
  caption: z.string(),
  images: z.array(imageSchema).min(2).max(3),
  /** What the pictures come from, where a set shows only some of what its task compares. Absent: the first labels of the task, in order. */
  labels: z.array(z.string()).optional(),
});

/** A judging task: sets of pictures to compare, put to annotators who do not learn what drew which. */
export const judgingTaskSchema = z.object({
  name: z.string(),
  /** What the annotators are asked. */
  question: z.string(),
  showCaptions: z.boolean(),
  /** Seed of the order of sets and of pictures in them, which differ from annotator to annotator. */
  seed: z.number().int(),
  /** What is compared, such as the names of models. */
  labels: z.array(z.string()).min(2),
  sets: z.array(judgedSetSchema),
});
export type JudgingTask = z.infer<typeof judgingTaskSchema>;

/** What annotators said of the sets of a task; at most one vote of each annotator for a set. */
export const judgementsSchema = z.object({
  name: z.string(),
  labels: z.array(z.string()).min(2),
  sets: z.array(judgedSetSchema.extend({ votes: z.array(z.object({ annotator: z.string(), choice: choiceSchema })) })),
});
export type Judgements = z.infer<typeof judgementsSchema>;

/** A file of the user, read in place, or an asset of ours (trained weights). `digest` names its content. */
export const fileRefSchema = z.union([
  z.object({ path: z.string(), bytes: z.number(), digest: z.string() }),
  z.object({ asset: assetSchema }),
]);
export type FileRef = z.infer<typeof fileRefSchema>;

/** What a model is: its architecture, the configuration and weight file of each component, and what is added to it. */
export const modelSchema = z.object({
  family: z.string(),
  architecture: z.string(),
  name: z.string(),
  components: z.record(
    z.string(),
    z.object({
      config: z.record(z.string(), z.unknown()),
      weights: fileRefSchema.nullable(),
      files: z.record(z.string(), fileRefSchema),
      /** 'onnx': the weights are a finished graph, an exported model.onnx; its data files are in `files`. Absent: weights for a graph that we write. */
      format: z.literal('onnx').optional(),
    }),
  ),
  /** Added in this order. `textStrength` is that of the part for the text encoders; absent: as `strength`. */
  loras: z.array(z.object({ name: z.string(), weights: fileRefSchema, strength: z.number(), textStrength: z.number().optional() })),
  /** Textual inversions: words that prompts may use, by the vectors that stand for them. */
  embeddings: z.array(z.object({ name: z.string(), weights: fileRefSchema })).optional(),
});
type AnyModel = z.infer<typeof modelSchema>;
/** Families: 'diffusion', 'face-score', 'face-detector', 'features', 'dino', 'clip', 'aesthetic', 'face-quality'. */
export type Model<F extends string = string> = Omit<AnyModel, 'family'> & { readonly family: F };

/** Diffusion models to compare, each under a label of its own. */
export const labelledModelsSchema = z.array(
  z.object({ label: z.string().min(1), model: modelSchema.extend({ family: z.literal('diffusion') }) }),
);
export type LabelledModel = z.infer<typeof labelledModelsSchema>[number];

/** Pictures of one side of a comparison. Pictures of several variants belong together by their keys: same prompt, same seed. */
export const variantsSchema = z.array(
  z.object({
    label: z.string().min(1),
    /** What made the pictures, for reading: model, LoRAs, settings. */
    facts: z.record(z.string(), z.string()),
    images: z.array(imageSchema),
  }),
);
export interface Variant {
  readonly label: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly images: readonly Image[];
}

/** A metric that is still to be computed. `name` is what tables and gates call it; a list has each name once. */
export const metricsSchema = z.array(
  z.object({
    kind: z.string(),
    name: z.string().min(1),
    models: z.record(z.string(), modelSchema),
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
);
export type Metric = z.infer<typeof metricsSchema>[number];

/** A finished training: its curve (JSON lines of {name, step, value}) and what it was. */
export const trainingSchema = z.object({
  method: z.string(),
  steps: z.number().int(),
  seconds: z.number(),
  settings: z.record(z.string(), z.unknown()),
  metrics: assetSchema,
});
export type Training = z.infer<typeof trainingSchema>;

/** A report for people (self-contained HTML) and for programs (JSON). */
export const reportSchema = z.object({
  title: z.string(),
  summary: z.string(),
  html: assetSchema,
  json: assetSchema,
  /** The numbers as a table, where the report has one. */
  csv: assetSchema.optional(),
});
export type Report = z.infer<typeof reportSchema>;
