// One open graph on onnxruntime: checked feeds, and state that stays where it was computed.
import { availableParallelism } from 'node:os';
import type { DType, RunnableModel, Session, SessionOptions, Tensor, Tensors } from '@facewright/tensor';
import * as ort from 'onnxruntime-node';
import { checkFeeds } from './check-feeds.ts';
import { checkState } from './check-state.ts';
import { err } from './errors.ts';
import { identityGraph, staysOnDevice } from './identity-graph.ts';
import { fromOrt, toOrt } from './ort-tensor.ts';
import { placeWeights } from './place-weights.ts';
import type { RuntimeOptions } from './runtime.ts';

/**
 * Bytes of weights from which a model is large. Large models are not prepacked: packing keeps a second copy of every matrix and takes 0.8 to 3 s per GB, for the
 * same speed of large products, while below it costs milliseconds. Nor is their memory planned ahead, which nearly doubles it (docs/decisions/0007-memory.md).
 */
const LARGE = 256 * 2 ** 20;

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)).trim();

/** Copies a tensor from the device: onnxruntime-node has no download of its own (`getData` ends the process in 1.30), a graph of one Identity does it. */
async function download(tensor: ort.Tensor, dtype: DType): Promise<Tensor> {
  if (tensor.location === 'cpu') return fromOrt(tensor, dtype);
  const copy = await ort.InferenceSession.create(identityGraph(dtype), {
    executionProviders: ['webgpu'],
    logSeverityLevel: 4,
  });
  try {
    return fromOrt((await copy.run({ x: tensor }))['y']!, dtype);
  } finally {
    await copy.release();
  }
}

/** Opens a graph on `cpu` or `webgpu`. Throws RUNTIME_STATE, RUNTIME_WEIGHTS and RUNTIME_OPEN. */
export async function openOrtSession(
  provider: 'cpu' | 'webgpu',
  model: RunnableModel,
  { state = [] }: SessionOptions,
  { linkFolder, optimise }: Required<Pick<RuntimeOptions, 'linkFolder' | 'optimise'>>,
): Promise<Session> {
  checkState(model, state);
  const inputs = model.inputs.filter(({ name }) => !state.some(({ input }) => input === name));
  const outputs = model.outputs.filter(({ name }) => !state.some(({ output }) => output === name));
  const onDevice = new Set(
    provider === 'webgpu' ? state.filter(({ initial }) => staysOnDevice(initial.dtype)).map(({ output }) => output) : [],
  );
  const placed = await placeWeights(model, linkFolder);
  const config = {
    // Threads that spin while they wait take nearly twice the processor time (38 ms instead of 21 for a small U-Net on two cores, at the same 19 ms of
    // wall time at best), and five times the wall time where anything else computes.
    intra_op: { allow_spinning: '0' },
    ...(placed.folder && { model_external_initializers_file_folder_path: placed.folder }),
    ...(placed.bytes >= LARGE && { disable_prepacking: '1' }),
  };
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model.bytes, {
      executionProviders: provider === 'webgpu' ? ['webgpu', 'cpu'] : ['cpu'],
      // The last level rewrites layouts, and for that copies every weight: 34 s and 2.6 GB to open SD 1.5, against 1.8 s and 160 MB, for the same speed.
      graphOptimizationLevel: !optimise ? 'disabled' : placed.bytes >= LARGE ? 'extended' : 'all',
      enableMemPattern: placed.bytes < LARGE,
      // When a run ends the binding copies all state for JavaScript (see below), and an arena would hold all that the run took meanwhile.
      enableCpuMemArena: state.reduce((sum, { initial }) => sum + initial.data.byteLength, 0) < LARGE,
      intraOpNumThreads: availableParallelism(),
      // Errors are thrown; onnxruntime would print them as well.
      logSeverityLevel: 4,
      // The binding looks every output up in this record, so it must name them all.
      ...(onDevice.size && {
        preferredOutputLocation: Object.fromEntries(model.outputs.map(({ name }) => [name, onDevice.has(name) ? 'gpu-buffer' : 'cpu'])),
      }),
      ...(placed.memory.length && { externalData: placed.memory.map(({ location, data }) => ({ path: location, data })) }),
      extra: { session: config },
    });
  } catch (cause) {
    await placed.remove();
    throw err.OPEN([...model.files.map(({ path }) => path), `${model.bytes.length} bytes of graph`].join(', '), messageOf(cause));
  }

  // In memory each step reads one set of buffers and writes the other, or the same where the graph allows it.
  const copyOf = (tensor: Tensor) => toOrt({ ...tensor, data: tensor.data.slice() } as Tensor);
  let current = new Map(state.map(({ input, initial }) => [input, copyOf(initial)]));
  let spare = new Map(
    state
      .filter(({ output }) => !onDevice.has(output))
      .map(({ input, initial, inPlace }) => [input, inPlace ? current.get(input)! : copyOf(initial)]),
  );
  // Without the initial tensors, which may be as large as the weights.
  const carried = state.map(({ input, output, initial: { dtype } }) => ({ input, output, dtype }));
  let released = false;
  let last: Promise<unknown> = Promise.resolve();
  /** State makes runs depend on each other, and a release must not overtake a run; onnxruntime runs one at a time anyway. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };

  async function step(feeds: Tensors): Promise<Tensors> {
    if (released) throw err.RELEASED('run');
    const problems = checkFeeds(inputs, feeds);
    if (problems.length) throw err.FEEDS(problems);
    const given: Record<string, ort.Tensor> = {};
    for (const { name } of inputs) given[name] = toOrt(feeds[name]!);
    for (const [name, tensor] of current) given[name] = tensor;
    const wanted: Record<string, ort.Tensor | null> = {};
    for (const { name } of outputs) wanted[name] = null;
    for (const { input, output } of carried) wanted[output] = spare.get(input) ?? null;
    let results: ort.InferenceSession.OnnxValueMapType;
    try {
      results = await session.run(given, wanted);
    } catch (cause) {
      throw err.RUN(provider, messageOf(cause));
    }
    const next = new Map<string, ort.Tensor>();
    for (const { input, output } of carried) {
      const reused = spare.get(input);
      // The binding of 1.30 writes into the tensor it is given and makes a copy for its caller all the same: three times the trained weights that would wait for the collector.
      if (reused) {
        const { buffer } = results[output]!.data as Float32Array<ArrayBuffer>;
        if (buffer !== (reused.data as Float32Array).buffer) buffer.transfer(0);
      } else {
        const old = current.get(input)!;
        if (old.location === 'gpu-buffer') old.dispose();
      }
      next.set(input, reused ?? results[output]!);
    }
    spare = new Map([...spare.keys()].map((input) => [input, current.get(input)!]));
    current = next;
    return Object.fromEntries(outputs.map(({ name, dtype }) => [name, fromOrt(results[name]!, dtype)]));
  }

  return {
    inputs,
    outputs,
    run: (feeds) => inTurn(() => step(feeds)),
    readState: (names) =>
      inTurn(async () => {
        if (released) throw err.RELEASED('readState');
        const read: Record<string, Tensor> = {};
        for (const { input, dtype } of names ? carried.filter(({ input }) => names.includes(input)) : carried) {
          const { dims, data } = await download(current.get(input)!, dtype);
          read[input] = { dtype, dims, data: data.slice() } as Tensor;
        }
        return read;
      }),
    release: () =>
      inTurn(async () => {
        if (released) return;
        released = true;
        for (const tensor of current.values()) if (tensor.location === 'gpu-buffer') tensor.dispose();
        current.clear();
        spare.clear();
        await session.release();
        await placed.remove();
      }),
  };
}
