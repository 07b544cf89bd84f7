// Memory of a training step, in a process of its own: `node step-memory.ts KEEP` prints bytes at the most above what the process had before, and the gradient norm of the second step.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRuntime } from '@facewright/runtime';
import { float32, scalar } from '@facewright/tensor';
import { trainStep } from '../train-step.ts';
import { deepNet } from './deep-net.ts';

const { loss, parameters, feeds } = deepNet({ blocks: 24, channels: 16, side: 128 });
const { model, state } = trainStep({ loss, parameters, keep: Number(process.argv[2]) });
const runtime = await createRuntime({ provider: 'cpu' });
const session = await runtime.open(model, { state });
const run = (step: number) => session.run({ ...feeds, step: scalar(step), learning_rate: float32([], [1e-3]) });
const status = (name: string) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1]);
const before = status('VmRSS');
writeFileSync('/proc/self/clear_refs', '5');
await run(1);
const { gradient_norm: norm } = await run(2);
console.log(JSON.stringify({ bytes: status('VmHWM') - before, norm: norm!.data[0] }));
await session.release();
