import { describe, expect, it } from 'vitest';
import { createCatalogue, definitionsOf } from './catalogue.ts';
import { checkDefinition } from './check-definition.ts';
import { defineNode, describeNode, nodePackage, type NodeDefinition } from './node.ts';
import { port } from './port.ts';

const base = { title: 'Blur', summary: 'Blurs.', category: 'Test', effects: 'none' } as const;
const blur = defineNode({
  ...base,
  type: 'test/blur',
  version: 1,
  inputs: { image: port.image(), radius: port.number({ min: 0, max: 9, default: 1, advanced: true }), note: port.optional(port.text()) },
  outputs: { image: port.image() },
});
const packaged = (definition: NodeDefinition) => nodePackage(definition, async () => ({ run: async () => ({}) }));
const codes = (definition: NodeDefinition) => checkDefinition(definition).map(({ code }) => code);

describe('checkDefinition', () => {
  it('finds nothing wrong with a sound definition', () => expect(checkDefinition(blur)).toEqual([]));
  it('names every problem at once', () => {
    const bad = {
      ...base,
      type: 'no namespace' as `${string}/${string}`,
      version: 3,
      inputs: { '2nd': port.text(), size: port.number({ min: 9, max: 1 }), mode: { ...port.choice(['a', 'b']), default: 'c' } },
      outputs: { 'has space': port.text() },
      migrations: [{ to: 3, why: 'x', up: (v: Readonly<Record<string, unknown>>) => v }],
    } satisfies NodeDefinition;
    expect(codes(bad)).toEqual([
      'CORE_BAD_NODE_TYPE',
      'CORE_MIGRATION_GAP',
      'CORE_BAD_PORT_NAME',
      'CORE_BAD_RANGE',
      'CORE_BAD_DEFAULT',
      'CORE_BAD_PORT_NAME',
    ]);
    expect(checkDefinition(bad)[4]!.message).toBe('node type no namespace > input mode: default: expected one of a, b, got "c"');
    expect(checkDefinition(bad)[1]!.message).toBe(
      'node type no namespace: migrations: expected one to each version from 2 to 3, in order, got 3',
    );
  });
  it('refuses a version that is not a whole number from 1', () => expect(codes({ ...blur, version: 0 })).toContain('CORE_BAD_VERSION'));
  it('refuses a range that JSON cannot carry', () =>
    expect(codes({ ...blur, inputs: { x: port.number({ min: 0, max: Infinity }) } })).toEqual(['CORE_BAD_RANGE']));
});

describe('createCatalogue', () => {
  it('finds packages by type', () => {
    const entry = packaged(blur);
    expect(createCatalogue([entry]).get('test/blur')).toBe(entry);
  });
  it('refuses duplicates by name, together with unsound definitions', () => {
    const make = () => createCatalogue([packaged(blur), packaged({ ...blur, version: 0 })]);
    expect(make).toThrow(expect.objectContaining({ code: 'CORE_BAD_CATALOGUE' }));
    expect(make).toThrow('expected one package of type test/blur, got two');
    expect(make).toThrow('version: expected a whole number from 1, got 0');
  });
});

describe('definitionsOf', () => {
  it('rebuilds from JSON what validation needs: types, options, defaults and checks', () => {
    const { definition } = definitionsOf([JSON.parse(JSON.stringify(describeNode(blur)))]).get('test/blur')!;
    expect(describeNode(definition)).toEqual(describeNode(blur));
    expect(describeNode(blur).inputs.map(({ advanced }) => advanced)).toEqual([undefined, true, undefined]);
    expect(() => definition.inputs['radius']!.check(10)).toThrow('expected a number from 0 to 9, got 10');
    expect(definition.inputs['note']!.check(undefined)).toBeUndefined();
  });
});
