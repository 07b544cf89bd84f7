import { buildModel, input, trainStep, mseLoss, parameter, op, type Value } from '@facewright/onnx';
import { float32, createRng, scalar, sizeOf, type Tensor } from '@facewright/tensor';
import { parseUNetConfig, unetGraph, inputWeights } from '@facewright/models';
import * as ort from 'onnxruntime-node';
const B = Number(process.env.B ?? 16);
const config = parseUNetConfig({ in_channels: 4, out_channels: 4, sample_size: 16, block_out_channels: [40, 80, 112], layers_per_block: 1, cross_attention_dim: 64,
  down_block_types: ['DownBlock2D','CrossAttnDownBlock2D','CrossAttnDownBlock2D'], up_block_types: ['CrossAttnUpBlock2D','CrossAttnUpBlock2D','UpBlock2D'], attention_head_dim: 4, norm_num_groups: 8 } as any);
const size = { batch: B, height: 16, width: 16, tokens: 16 };
const rng = createRng(1);
const list = new Map<string, Value>();
const g = unetGraph(config, size, inputWeights(list));
const params = [...list].map(([name, value]) => ({ name, value, initial: float32(value.shape, rng.normal(sizeOf(value.shape)).map((v) => v * 0.05)) }));
console.log('params', params.reduce((a, p) => a + sizeOf(p.value.shape), 0), params.length);
const target = input('target', 'float32', [B, 4, 16, 16]);
const init = new Map(params.map((p) => [p.name, p.initial]));
const fwdInit = buildModel(unetGraph(config, size, (name, { shape }) => parameter(name, 'float32', shape, { kind: 'memory', tensor: init.get(name)! })) as any);
const fwdIn = buildModel(g);
const step = trainStep({ loss: mseLoss(g.prediction, target), parameters: params, maxGradientNorm: 1 });
const opts = (m: any, profile?: string): any => ({ intraOpNumThreads: Number(process.env.T ?? 2), logSeverityLevel: 4, graphOptimizationLevel: process.env.LEVEL ?? 'all', externalData: m.memory.map((x: any) => ({ path: x.location, data: x.data })), extra: { session: { intra_op: { allow_spinning: process.env.SPIN ?? '0' } } }, ...(profile && { enableProfiling: true, profileFilePrefix: profile }) });
const T = (t: Tensor) => new ort.Tensor(t.dtype as 'float32', t.data as Float32Array, t.dims as number[]);
const feeds: Record<string, ort.Tensor> = { sample: T(float32([B, 4, 16, 16], rng.normal(B * 1024))), timestep: T(float32([B], new Float32Array(B).fill(500))), encoder_hidden_states: T(float32([B, 16, 64], rng.normal(B * 1024))), target: T(float32([B, 4, 16, 16], rng.normal(B * 1024))), step: T(scalar(1)), learning_rate: T(scalar(1e-3)) };
for (const e of step.state) feeds[e.input] = T(e.initial);
async function time(name: string, m: any, profile?: string) {
  const s = await ort.InferenceSession.create(m.bytes, opts(m, profile));
  const f = Object.fromEntries(s.inputNames.map((n) => [n, feeds[n]!]));
  const ts: number[] = [];
  for (let i = 0; i < Number(process.env.N ?? 12); i++) { const t = performance.now(); await s.run(f); ts.push(performance.now() - t); }
  ts.sort((a, b) => a - b);
  console.log(name.padEnd(30), 'min', ts[0]!.toFixed(1), 'median', ts[ts.length >> 1]!.toFixed(1), 'nodes', m.nodes ?? '', 'bytes', m.bytes.length);
  if (profile) s.endProfiling();
  await s.release();
  return ts[0]!;
}
import { grad, adamW } from '@facewright/onnx';
const PR = process.env.PROFILE;
const loss = mseLoss(g.prediction, target);
const gs = grad(loss, params.map((p) => p.value));
const only = buildModel(Object.fromEntries(gs.map((v, i) => ['g' + i, v])));
const a = await time('forward, weights constant', fwdInit, PR && PR + '/fi');
const b = await time('forward, weights fed', fwdIn, PR && PR + '/ff');
const d = await time('gradients', only, PR && PR + '/gr');
const c = await time('train step', step.model, PR && PR + '/ts');
console.log('ratio', (c / a).toFixed(2), (c / b).toFixed(2));
