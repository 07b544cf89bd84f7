// Memory and processor time of one graph of a Stable Diffusion 1.5 checkpoint under settings of onnxruntime, the figures of docs/decisions/0007-memory.md (Linux):
// node tools/bench/session-memory.ts CHECKPOINT.safetensors decode|unet PIXELS ARENA PATTERNS, the last two 0 or 1.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseAutoencoderConfig, parseUNetConfig, splitSingleFile, storedWeights, unetGraph, vaeDecodeGraph } from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import { createRng, sizeOf } from '@facewright/tensor';
import { openTensorFile } from '@facewright/weights';
import * as ort from 'onnxruntime-node';

const [file = '', part, pixels, arena, patterns] = process.argv.slice(2);
const [side, fused] = [Number(pixels), { fused: true }];
const { unet, vae } = splitSingleFile(file, (await openTensorFile(file)).tensors);
if (!vae) throw new Error(`${file}: expected a checkpoint with an autoencoder`);
const model = buildModel(
  part === 'unet'
    ? unetGraph(
        parseUNetConfig(unet.config),
        { batch: 2, height: side / 8, width: side / 8, tokens: 77 },
        storedWeights(unet.tensors),
        fused,
      )
    : vaeDecodeGraph(parseAutoencoderConfig(vae.config), { batch: 1, height: side, width: side }, storedWeights(vae.tensors), fused),
);
const session = await ort.InferenceSession.create(model.bytes, {
  executionProviders: ['cpu'],
  graphOptimizationLevel: 'extended',
  intraOpNumThreads: 2,
  enableCpuMemArena: arena === '1',
  enableMemPattern: patterns === '1',
  extra: {
    session: { model_external_initializers_file_folder_path: dirname(file), disable_prepacking: '1', intra_op: { allow_spinning: '0' } },
  },
});
const megabytes = (field: string) =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
const rng = createRng(1);
for (let run = 1; run <= 3; run++) {
  const feeds = Object.fromEntries(
    model.inputs.map(({ name, shape }) => [name, new ort.Tensor('float32', rng.normal(sizeOf(shape as number[])), shape as number[])]),
  );
  // Sets VmHWM, the height of what is resident, to what is resident now.
  writeFileSync('/proc/self/clear_refs', '5');
  const [start, processor] = [performance.now(), process.cpuUsage()];
  await session.run(feeds);
  const { user, system } = process.cpuUsage(processor);
  console.log(
    `run ${run}: ${((performance.now() - start) / 1000).toFixed(2)} s, processor ${((user + system) / 1e6).toFixed(2)} s, private memory at most ${(megabytes('VmHWM') - megabytes('RssFile')).toFixed(0)} MB, kept ${megabytes('RssAnon').toFixed(0)} MB`,
  );
}
