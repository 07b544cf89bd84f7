import type { Graph } from '@facewright/core';
import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

const named = (name: string): Graph => ({ facewright: 1, name, description: '', nodes: {}, links: [], groups: [] });
const started = (): History => {
  const history = new History();
  history.restart(named('a'));
  return history;
};

describe('History', () => {
  it('goes back and forth through what was recorded', () => {
    const history = started();
    history.record(named('b'));
    history.record(named('c'));
    expect([history.undo()?.name, history.undo()?.name, history.undo()]).toEqual(['b', 'a', undefined]);
    expect([history.redo()?.name, history.redo()?.name, history.redo()]).toEqual(['b', 'c', undefined]);
  });
  it('does not record the same document twice', () => {
    const history = started();
    expect(history.record(named('a'))).toBe(false);
    expect(history.canUndo).toBe(false);
  });
  it('forgets what was undone once something new is recorded', () => {
    const history = started();
    history.record(named('b'));
    history.undo();
    history.record(named('c'));
    expect(history.canRedo).toBe(false);
    expect(history.undo()?.name).toBe('a');
  });
});
