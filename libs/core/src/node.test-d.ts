// What must not compile: checked by tsc, which fails when one of the expected errors is missing.
import { defineNode, nodePackage, type NodeRun } from './node.ts';
import { port } from './port.ts';

const definition = defineNode({
  type: 'test/draw',
  version: 1,
  title: 'Draw',
  summary: 'Draws.',
  category: 'Test',
  effects: 'none',
  inputs: {
    steps: port.integer({ min: 1, max: 9, default: 3 }),
    mode: port.choice(['fast', 'good'], { default: 'fast' }),
    model: port.model('diffusion'),
    note: port.optional(port.text()),
  },
  outputs: { count: port.integer({ min: 0, max: 9 }), extra: port.optional(port.text()) },
});

export const good: NodeRun<typeof definition> = async ({ steps, mode, model, note }) => {
  const typed: [number, 'fast' | 'good', 'diffusion', string | undefined] = [steps, mode, model.family, note];
  return { count: typed[0], extra: undefined };
};
nodePackage(definition, async () => ({ run: good }));

// @ts-expect-error an output of the wrong type
export const wrongOutput: NodeRun<typeof definition> = async () => ({ count: 'three', extra: undefined });
// @ts-expect-error an output is missing
export const missingOutput: NodeRun<typeof definition> = async () => ({ extra: undefined });
// @ts-expect-error no such input
export const unknownInput: NodeRun<typeof definition> = async ({ stepz }) => ({ count: stepz, extra: undefined });
export const write: NodeRun<typeof definition> = async (inputs) => {
  // @ts-expect-error inputs are read-only
  inputs.steps = 4;
  // @ts-expect-error and so is what they hold, as far as it is a port's own record
  inputs.model.family = 'diffusion';
  // @ts-expect-error an optional input may be absent
  return { count: inputs.note.length, extra: undefined };
};
// @ts-expect-error the choice has no such option
export const impossible: NodeRun<typeof definition> = async ({ mode }) => ({ count: mode === 'slow' ? 1 : 2, extra: undefined });

const other = defineNode({
  ...definition,
  type: 'test/other',
  inputs: { size: port.number({ min: 0, max: 1 }) },
  outputs: { size: port.number({ min: 0, max: 1 }) },
});
// @ts-expect-error a run of another definition
nodePackage(other, async () => ({ run: good }));

// @ts-expect-error a default of the wrong type
port.integer({ min: 0, max: 9, default: '3' });
// @ts-expect-error a default that is not among the options
port.choice(['a', 'b'], { default: 'c' });
// @ts-expect-error a number needs its range
port.number({ default: 1 });
// @ts-expect-error a type without a namespace
defineNode({ ...definition, type: 'draw' });
// @ts-expect-error an unknown kind of effect
defineNode({ ...definition, effects: 'some' });
