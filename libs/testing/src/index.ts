// What specs need: a fake node context.
export { createFakeContext, type FakeContext, type FakeContextOptions } from './fake-context.ts';
