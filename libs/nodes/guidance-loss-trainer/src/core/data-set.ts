// Pictures as a trainer reads them: latents by name, and the texts they are conditioned on.
import type { Image, NodeContext, PairSet } from '@facewright/core';
import { gatherRows, conditioningRows, type Conditioning, type DiffusionModel } from '@facewright/pipelines';
import type { Tensor, Tensors } from '@facewright/tensor';
import { err } from '../errors.ts';

type Floats = Tensor<'float32'>;

export interface DataSet {
  /** What its conditioning is called in the graph. */
  readonly name: string;
  readonly count: number;
  /** [c, h, w] of latents of its pictures. */
  readonly latents: readonly number[];
  /** By their names in the graph: latents [count, c, h, w], scaled, and further numbers of each picture. */
  readonly columns: Readonly<Record<string, Floats>>;
  readonly conditioning: Conditioning;
}

/** Throws TRAINER_NO_PICTURES, TRAINER_SIZES with all that differ. */
export function checkSizes(port: string, images: readonly Image[]): void {
  const [first] = images;
  if (!first) throw err.NO_PICTURES(port);
  const other = images.filter(({ width, height }) => width !== first.width || height !== first.height);
  if (other.length > 0)
    throw err.SIZES(
      port,
      `${first.width} x ${first.height}`,
      other.map(({ key, width, height }) => `${key}: ${width} x ${height}`),
    );
}

/** Encodes every picture once, since the autoencoder is frozen: the columns of one set, row by row with `texts`. */
export async function encodeSet(
  name: string,
  columns: Readonly<Record<string, readonly Image[]>>,
  texts: readonly string[],
  model: DiffusionModel,
  ctx: NodeContext,
): Promise<DataSet> {
  const latents: Record<string, Floats> = {};
  for (const [column, images] of Object.entries(columns))
    latents[column] = await model.encodeImages(await Promise.all(images.map((image) => ctx.images.read(image))));
  const [first] = Object.values(latents);
  return { name, count: texts.length, latents: first!.dims.slice(1), columns: latents, conditioning: await model.encodePrompts(texts) };
}

/** A set named `pairs` with columns `good` and `bad`. Throws as checkSizes. */
export function encodePairs({ pairs }: PairSet, model: DiffusionModel, ctx: NodeContext): Promise<DataSet> {
  checkSizes(
    'pairs',
    pairs.flatMap(({ key, good, bad }) => [
      { ...good, key },
      { ...bad, key },
    ]),
  );
  const columns = { good: pairs.map(({ good }) => good), bad: pairs.map(({ bad }) => bad) };
  return encodeSet(
    'pairs',
    columns,
    pairs.map(({ caption }) => caption),
    model,
    ctx,
  );
}

/** Feeds of some rows: the columns, and `NAME_text` and `NAME_pooled` of the set. */
export function rowsOf({ name, columns, conditioning }: DataSet, rows: readonly number[]): Tensors {
  const { text, pooled } = conditioningRows(conditioning, rows);
  return {
    ...Object.fromEntries(Object.entries(columns).map(([column, tensor]) => [column, gatherRows(tensor, rows)])),
    [`${name}_text`]: text,
    ...(pooled && { [`${name}_pooled`]: pooled }),
  };
}
