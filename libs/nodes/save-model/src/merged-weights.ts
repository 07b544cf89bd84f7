// Weights of a component with the LoRAs of the handle merged in, each computed when it is written.
import type { Model, NodeContext } from '@facewright/core';
import { componentWeights, loraStrength } from '@facewright/pipelines';
import type { TextComponent } from '@facewright/pipelines';
import { sizeOf, toFloat32 } from '@facewright/tensor';
import type { Tensor } from '@facewright/tensor';
import { readTensors, tensorOf } from '@facewright/weights';
import type { Lora, LoraFactors, WrittenTensor } from '@facewright/weights';

/** W + sum of strength x scale x up @ down, in float32 where there is a LoRA. `loras` are those of the handle, read. */
export async function mergedWeights(
  handle: Model<'diffusion'>,
  component: 'unet' | 'vae' | TextComponent,
  loras: readonly Lora[],
  ctx: NodeContext,
): Promise<Map<string, WrittenTensor>> {
  const stored = await componentWeights(handle, component, ctx);
  if (component === 'vae') return new Map(stored);
  const additions = (name: string) =>
    loras.flatMap((lora, index) => {
      const factors = lora[component].get(name);
      const strength = loraStrength(handle.loras[index]!, component);
      return factors && strength !== 0 ? [{ factors, strength }] : [];
    });
  return new Map(
    [...stored].map(([name, base]): [string, WrittenTensor] => {
      const added = additions(name);
      if (added.length === 0) return [name, base];
      const compute = async (): Promise<Tensor> => {
        const sum = toFloat32(name, await tensorOf(name, base)).data.slice();
        for (const { factors, strength } of added) await addProduct(sum, factors, strength * factors.scale);
        return { dtype: 'float32', dims: base.shape, data: sum };
      };
      return [name, { kind: 'computed', dtype: 'float32', shape: base.shape, compute }];
    }),
  );
}

/** sum [out, rest] += scale x up [out, rank] @ down [rank, rest]. */
async function addProduct(sum: Float32Array, { down: downStored, up: upStored }: LoraFactors, scale: number): Promise<void> {
  const read = await readTensors(
    new Map([
      ['down', downStored],
      ['up', upStored],
    ]),
  );
  const [down, up] = [toFloat32('down', read.get('down')!).data, toFloat32('up', read.get('up')!).data];
  const rank = downStored.shape[0]!;
  const width = sizeOf(downStored.shape) / rank;
  const rows = up.length / rank;
  for (let row = 0; row < rows; row++)
    for (let r = 0; r < rank; r++) {
      const factor = scale * up[row * rank + r]!;
      for (let i = 0; i < width; i++) sum[row * width + i]! += factor * down[r * width + i]!;
    }
}
