import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { run } from './run.ts';

const texts = async (inputs: { text: string; repeat?: number; limit?: number }) =>
  (await run({ repeat: 1, limit: 0, ...inputs }, createFakeContext())).prompts.prompts;

describe('prompts', () => {
  it('gives a prompt for each line that is not empty, keyed by its line', async () => {
    expect(await texts({ text: ' a cat \n\n a dog\r\n' })).toEqual([
      { key: 'line-1', text: 'a cat' },
      { key: 'line-3', text: 'a dog' },
    ]);
  });
  it('repeats each prompt under keys of its own', async () => {
    expect(await texts({ text: 'x\ny', repeat: 2 })).toEqual([
      { key: 'line-1.1', text: 'x' },
      { key: 'line-1.2', text: 'x' },
      { key: 'line-2.1', text: 'y' },
      { key: 'line-2.2', text: 'y' },
    ]);
  });
  it('stops at the limit, after repeating', async () => {
    expect((await texts({ text: 'x\ny', repeat: 2, limit: 3 })).map((p) => p.key)).toEqual(['line-1.1', 'line-1.2', 'line-2.1']);
  });
  it('refuses a text without a prompt', async () => {
    await expect(texts({ text: '\n  \n' })).rejects.toMatchObject({ code: 'PROMPTS_EMPTY' });
  });
});
