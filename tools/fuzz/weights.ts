// Weight files: safetensors, and what torch.save writes in both of its formats.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectModel } from '@facewright/model-library';
import { CodedError, type Rng } from '@facewright/tensor';
import { openTensorFile, readTensors } from '@facewright/weights';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { chance, pick, type Suite } from './suite.ts';

const fixtures = join(import.meta.dirname, '../../libs/weights/src/fixtures');
const filesOf = (folder: string, ending: RegExp) =>
  readdirSync(join(fixtures, folder))
    .filter((name) => ending.test(name))
    .map((name) => readFileSync(join(fixtures, folder, name)));

/** The header as JSON is changed, its length put right, the data kept: what a byte in the middle hardly ever makes. */
function mutateHeader(rng: Rng, file: Uint8Array, headers: readonly unknown[]): Uint8Array {
  const length = Number(Buffer.from(file).readBigUInt64LE(0));
  const header = mutateJson(rng, JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString()) as unknown, headers);
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([head, json, file.subarray(8 + length)]);
}

const suite = (about: string, name: string, corpus: readonly Uint8Array[], mutate: (rng: Rng, file: Uint8Array) => Uint8Array): Suite => ({
  about,
  limitMs: 5000,
  open: (folder) => {
    const path = join(folder, name);
    return Promise.resolve({
      async one(rng) {
        writeFileSync(path, mutate(rng, pick(rng, corpus)));
        try {
          const { tensors } = await openTensorFile(path);
          await readTensors(tensors);
          if (chance(rng, 0.1)) await inspectModel(path);
          return 'accepted';
        } catch (error) {
          if (error instanceof CodedError) return 'refused';
          throw error;
        }
      },
      close: () => {},
    });
  },
});

const safetensorsFiles = filesOf('lora', /\.safetensors$/);
const headers = safetensorsFiles.map((file) => JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString()) as unknown);
export const safetensors = suite('safetensors files', 'model.safetensors', safetensorsFiles, (rng, file) =>
  chance(rng, 0.5) ? mutateHeader(rng, file, headers) : mutateBytes(rng, file, safetensorsFiles),
);

const torchFiles = filesOf('torch', /\.(pt|pth|ckpt|bin)$/);
export const torch = suite('.pt files of both formats', 'model.pt', torchFiles, (rng, file) => mutateBytes(rng, file, torchFiles));
