// The lock file of a run: everything that its results depend on, and what they were, so that it can be checked and run again elsewhere.
import { z } from 'zod';
import { err, toProblem } from './errors.ts';
import { graphSchema, type Problem } from './graph.ts';
import { expectation, valueAt } from './parse-graph.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const text = z.string();
/** By name; a lock file comes from elsewhere, and its names may be any. */
const byName = <T extends z.ZodType>(of: T) => z.record(text, of);

export const lockedInputSchema = z.union([
  z.strictObject({ value: z.unknown() }),
  z.strictObject({ path: text }),
  /** Node and output that it is linked to. */
  z.strictObject({ from: z.tuple([text, text]) }),
]);
export const runLockSchema = z.strictObject({
  facewrightLock: z.literal(1),
  run: text,
  /** ISO 8601. */
  made: text,
  /** Versions of Facewright, Node.js and onnxruntime. */
  facewright: text,
  nodejs: text,
  onnxruntime: text,
  /** Operating system and processor, such as "linux x64". */
  platform: text,
  /** What computed, as far as it is known. */
  device: text,
  provider: text,
  /** SHA-256 of the graph as it runs: flat, without names and places. */
  digest: sha256,
  /** As submitted. */
  graph: graphSchema,
  targets: z.array(text).optional(),
  /** Every node that the results depend on, as it runs. `key`: of its result; absent for nodes that were not needed, since what they feed was stored. */
  nodes: byName(
    z.strictObject({
      type: text,
      version: z.number().int(),
      /** Of a plugin's code. */
      codeDigest: text.optional(),
      key: text.optional(),
      inputs: byName(lockedInputSchema),
    }),
  ),
  /** Seeds by node.input. */
  seeds: byName(z.number()),
  /** Element types that nodes computed with, by node. */
  precision: byName(text),
  /** Files and folders that nodes name, by path: digests of their whole content. `files`: of each file in a folder of not too many. */
  files: byName(
    z.strictObject({
      /** It holds weights. */
      model: z.boolean(),
      bytes: z.number(),
      sha256: sha256.nullable(),
      files: byName(sha256).optional(),
    }),
  ),
  /** What the run gave, by node and output. `digest`: SHA-256 of the value, which names pictures and other assets by their content. */
  outputs: byName(byName(z.strictObject({ digest: sha256, value: z.unknown() }))),
});
export type LockedInput = z.infer<typeof lockedInputSchema>;
export type RunLock = z.infer<typeof runLockSchema>;
export type LockedFile = RunLock['files'][string];

/** The lock of a file that may hold anything, or all that is wrong with its form. */
export function parseRunLock(
  json: string,
): { readonly lock: RunLock; readonly problems: readonly [] } | { readonly lock: null; readonly problems: readonly Problem[] } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return { lock: null, problems: [toProblem(err.BAD_DOCUMENT('a lock file in JSON', json).at('lock'))] };
  }
  const { data, error } = runLockSchema.safeParse(parsed);
  if (data) return { lock: data, problems: [] };
  return {
    lock: null,
    problems: error.issues.map((issue) =>
      toProblem(err.BAD_DOCUMENT(expectation(issue), valueAt(parsed, issue.path)).at(['lock', ...issue.path].join('.'))),
    ),
  };
}
