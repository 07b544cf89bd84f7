// What specs need: a fake node context.
export { createFakeContext, type FakeContext, type FakeContextOptions, type KeptCheckpoint } from './fake-context.ts';
export { smallLoop } from './small-loop.ts';
