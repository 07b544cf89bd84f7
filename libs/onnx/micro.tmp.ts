import { buildModel, input, op, parameter, constant, type Value } from '@facewright/onnx';
import { float32, createRng, sizeOf } from '@facewright/tensor';
import * as ort from 'onnxruntime-node';
const rng = createRng(1);
const N = 16;
const S = (x: Value, starts: number[], ends: number[], axes: number[]) => op.Slice([x], { starts, ends, axes });
type F = (x: Value, g: Value, C: number, O: number, H: number) => Value;
const offs = [0,1,2].flatMap((i) => [0,1,2].map((j) => [i, j] as const));
const W: Record<string, F> = {
  W1(x, g, C, O, H) { const xp = op.Pad([x], { pads: [0,0,1,1,0,0,1,1] }); const gg = op.Reshape([g], { shape: [N, O, H*H] });
    return op.Concat(offs.map(([i,j]) => op.Unsqueeze([op.ReduceSum([op.MatMul([gg, op.Transpose([op.Reshape([S(xp,[i,j],[i+H,j+H],[2,3])],{shape:[N,C,H*H]})],{perm:[0,2,1]})])],{axes:[0],keepdims:false})],{axes:[-1]})),{axis:-1}); },
  W2(x, g, C, O, H) { const xp = op.Pad([op.Transpose([x],{perm:[1,0,2,3]})], { pads: [0,0,1,1,0,0,1,1] }); const gg = op.Reshape([op.Transpose([g],{perm:[1,0,2,3]})], { shape: [O, N*H*H] });
    return op.Concat(offs.map(([i,j]) => op.Unsqueeze([op.Gemm([gg, op.Reshape([S(xp,[i,j],[i+H,j+H],[2,3])],{shape:[C,N*H*H]})],{transB:true})],{axes:[-1]})),{axis:-1}); },
  W3(x, g, C, O, H) { const xp = op.Pad([op.Transpose([x],{perm:[1,0,2,3]})], { pads: [0,0,1,1,0,0,1,1] }); const gg = op.Reshape([op.Transpose([g],{perm:[1,0,2,3]})], { shape: [O, N*H*H] });
    const m = op.Reshape([op.Concat(offs.map(([i,j]) => S(xp,[i,j],[i+H,j+H],[2,3])),{axis:0})],{shape:[9*C,N*H*H]});
    return op.Transpose([op.Reshape([op.Gemm([gg, m],{transB:true})],{shape:[O,9,C]})],{perm:[0,2,1]}); },
  W3b(x, g, C, O, H) { const xp = op.Pad([op.Transpose([x],{perm:[1,0,2,3]})], { pads: [0,0,1,1,0,0,1,1] }); const gg = op.Reshape([op.Transpose([g],{perm:[0,2,3,1]})], { shape: [N*H*H,O] });
    const m = op.Reshape([op.Concat(offs.map(([i,j]) => S(xp,[i,j],[i+H,j+H],[2,3])),{axis:0})],{shape:[9*C,N*H*H]});
    return op.Transpose([op.Reshape([op.Gemm([m, gg])],{shape:[9,C,O]})],{perm:[2,1,0]}); },
  W4(x, g, C, O, H) { const xp = op.Pad([op.Transpose([x],{perm:[0,2,3,1]})], { pads: [0,1,1,0,0,1,1,0] }); const gg = op.Reshape([op.Transpose([g],{perm:[1,0,2,3]})], { shape: [O,N*H*H] });
    const m = op.Reshape([op.Concat(offs.map(([i,j]) => S(xp,[i,j],[i+H,j+H],[1,2])),{axis:3})],{shape:[N*H*H,9*C]});
    return op.Transpose([op.Reshape([op.Gemm([gg, m])],{shape:[O,9,C]})],{perm:[0,2,1]}); },
  W4b(x, g, C, O, H) { const xp = op.Pad([op.Transpose([x],{perm:[0,2,3,1]})], { pads: [0,1,1,0,0,1,1,0] }); const gg = op.Reshape([op.Transpose([g],{perm:[1,0,2,3]})], { shape: [O,N*H*H] });
    return op.Concat(offs.map(([i,j]) => op.Unsqueeze([op.Gemm([gg,op.Reshape([S(xp,[i,j],[i+H,j+H],[1,2])],{shape:[N*H*H,C]})])],{axes:[-1]})),{axis:-1}); },
  W5(x, g, C, O, H) { return op.Transpose([op.Conv([op.Transpose([x],{perm:[1,0,2,3]}), op.Transpose([g],{perm:[1,0,2,3]})],{pads:[1,1,1,1]})],{perm:[1,0,2,3]}); },
  W6(x, g, C, O, H) { const xp = op.Pad([op.Transpose([x],{perm:[2,0,3,1]})], { pads: [1,0,1,0,1,0,1,0] }); const gg = op.Reshape([op.Transpose([g],{perm:[1,2,0,3]})], { shape: [O,H*N*H] });
    const m = op.Concat([0,1,2].map((j) => S(xp,[j],[j+H],[2])),{axis:3});
    return op.Concat([0,1,2].map((i) => op.Gemm([gg, op.Reshape([S(m,[i],[i+H],[0])],{shape:[H*N*H,3*C]})])),{axis:1}); },
  W9(x, g, C, O, H) { const xp = op.Pad([x], { pads: [0,0,1,1,0,0,1,1] }); const gg = op.Reshape([g], { shape: [N, O, H*H] });
    const m = op.Reshape([op.Concat(offs.map(([i,j]) => S(xp,[i,j],[i+H,j+H],[2,3])),{axis:1})],{shape:[N,9*C,H*H]});
    return op.ReduceSum([op.MatMul([gg, op.Transpose([m],{perm:[0,2,1]})])],{axes:[0]}); },
};
const FW: Record<string, (x: Value, w: Value, C: number, O: number, H: number) => Value> = {
  F1: (x, w) => op.Conv([x, w], { pads: [1,1,1,1] }),
  F2(x, w, C, O, H) { const xp = op.Pad([op.Transpose([x],{perm:[0,2,3,1]})], { pads: [0,1,1,0,0,1,1,0] });
    const m = op.Reshape([op.Concat(offs.map(([i,j]) => S(xp,[i,j],[i+H,j+H],[1,2])),{axis:3})],{shape:[N*H*H,9*C]});
    const y = op.Gemm([m, op.Reshape([op.Transpose([w],{perm:[2,3,1,0]})],{shape:[9*C,O]})]);
    return op.Transpose([op.Reshape([y],{shape:[N,H,H,O]})],{perm:[0,3,1,2]}); },
  F4(x, w, C, O, H) { const xp = op.Pad([x], { pads: [0,0,1,1,0,0,1,1] });
    const m = op.Reshape([op.Concat(offs.map(([i,j]) => S(xp,[i,j],[i+H,j+H],[2,3])),{axis:1})],{shape:[N,9*C,H*H]});
    return op.MatMul([op.Reshape([op.Transpose([w],{perm:[0,2,3,1]})],{shape:[1,O,9*C]}), m]); },
  F3(x, w, C, O, H) { const t = op.Reshape([op.Pad([op.Transpose([x],{perm:[1,0,2,3]})],{pads:[0,0,1,0,0,0,0,0]})],{shape:[1,C,N*(H+1),H]});
    const y = op.Reshape([op.Conv([t, w],{pads:[0,1,2,1]})],{shape:[O,N,H+1,H]});
    void 0; return op.Transpose([S(y,[0],[H],[2])],{perm:[1,0,2,3]}); },
  };
async function time(f: Value, feeds: any) {
  const m = buildModel({ y: f });
  const s = await ort.InferenceSession.create(m.bytes, { intraOpNumThreads: 2, logSeverityLevel: 4, extra: { session: { intra_op: { allow_spinning: '0' } } } } as any);
  const fe = Object.fromEntries(s.inputNames.map((n) => [n, feeds[n]]));
  let best = 1e9; let out: any;
  for (let i = 0; i < 25; i++) { const t = performance.now(); out = (await s.run(fe)).y; best = Math.min(best, performance.now() - t); }
  await s.release();
  return [best, out] as const;
}
for (const [C, O, H] of [[40,40,16],[120,40,16],[80,80,16],[80,80,8],[192,80,8],[112,112,4],[224,112,4]] as const) {
  const t = (d: number[]) => new ort.Tensor('float32', rng.normal(sizeOf(d)), d);
  const feeds = { x: t([N,C,H,H]), g: t([N,O,H,H]), w: t([O,C,3,3]) };
  const x = input('x','float32',[N,C,H,H]), g = input('g','float32',[N,O,H,H]), w = input('w','float32',[O,C,3,3]);
  const row: string[] = [];
  let ref: any, fref: any;
  for (const [k, f] of Object.entries(W)) { const [ms, out] = await time(f(x, g, C, O, H), feeds); ref ??= out; row.push(k + ' ' + ms.toFixed(2)); }
  for (const [k, f] of Object.entries(FW)) { const [ms, out] = await time(f(x, w, C, O, H), feeds); fref ??= out; let e = 0; for (let i = 0; i < out.data.length; i++) e = Math.max(e, Math.abs(out.data[i] - fref.data[i])); row.push(k + ' ' + ms.toFixed(2) + (e > 1e-3 ? '!' : '')); }
  { const wc = constant(float32([O,C,3,3], feeds.w.data as Float32Array)); const [ms] = await time(op.Conv([x, wc],{pads:[1,1,1,1]}), feeds); row.push('F1const ' + ms.toFixed(2)); }
  console.log(`C${C} O${O} H${H}  gflop ${(N*H*H*C*O*18/1e9).toFixed(3)} `, row.join('  '));
}
