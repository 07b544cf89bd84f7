import { describe, expect, it } from 'vitest';
import { fakeNodes } from '../../test-support/fake-nodes.ts';
import { byCategory, findNodes } from './find-nodes.ts';

const titles = (query: string): string[] => findNodes(fakeNodes, query).map(({ title }) => title);

describe('findNodes', () => {
  it('gives all nodes for an empty query', () => {
    expect(titles(' ')).toHaveLength(fakeNodes.length);
  });
  it('puts nodes whose title begins with the query first, then other titles, then what their summaries say', () => {
    const some = fakeNodes.filter(({ title }) => ['Pair set', 'Load face detector', 'Face detect', 'Preview'].includes(title));
    expect(findNodes(some, 'face').map(({ title }) => title)).toEqual(['Face detect', 'Load face detector', 'Pair set']);
  });
  it('asks for every word, in any order', () => {
    expect(titles('model diffusion load')).toEqual(['Load diffusion model']);
    expect(titles('nothing like this')).toEqual([]);
  });
});

describe('byCategory', () => {
  it('sorts categories and loses no node', () => {
    const groups = byCategory(fakeNodes);
    expect(groups.map(([category]) => category)).toEqual(['Evaluation', 'Faces', 'Models', 'Pictures', 'Training']);
    expect(groups.flatMap(([, nodes]) => nodes)).toHaveLength(fakeNodes.length);
  });
});
