// The parts of a model file: tensors counted by what their names begin with.
import { sizeOf } from '@facewright/tensor';
import type { StoredTensor } from '@facewright/weights';

export interface ModelPart {
  readonly name: string;
  readonly tensors: number;
  readonly parameters: number;
  /** Parameters by element type. */
  readonly dtypes: Readonly<Record<string, number>>;
}
/** A part is told by how the names of its tensors begin; the first that fits counts. */
const partNames: readonly (readonly [name: string, begins: RegExp])[] = [
  ['U-Net', /^(model\.diffusion_model\.|lora_unet_|unet\.)/],
  ['VAE', /^(first_stage_model\.|vae\.)/],
  ['text encoder 2', /^(conditioner\.embedders\.1\.|lora_te2_|text_encoder_2\.)/],
  ['text encoder', /^(cond_stage_model\.|conditioner\.embedders\.0\.|lora_te1?_|text_encoder\.)/],
  ['averaged weights (EMA)', /^model_ema\./],
];
const REST = 'other weights';

export function partsOf(tensors: ReadonlyMap<string, StoredTensor>): ModelPart[] {
  const groups = Map.groupBy(tensors, ([key]) => partNames.find(([, begins]) => begins.test(key))?.[0] ?? REST);
  return [...groups]
    .map(([name, members]) =>
      summarise(
        name,
        members.map(([, tensor]) => tensor),
      ),
    )
    .sort((a, b) => b.parameters - a.parameters);
}

export function summarise(name: string, tensors: readonly StoredTensor[]): ModelPart {
  const dtypes: Record<string, number> = {};
  for (const { dtype, shape } of tensors) dtypes[dtype] = (dtypes[dtype] ?? 0) + sizeOf(shape);
  return { name, tensors: tensors.length, parameters: Object.values(dtypes).reduce((sum, count) => sum + count, 0), dtypes };
}
