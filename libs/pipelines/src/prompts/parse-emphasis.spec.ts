import { describe, expect, it } from 'vitest';
import { parseEmphasis } from './parse-emphasis.ts';

/** Sections as "text*weight" with weights to four digits. */
const parsed = (prompt: string) => parseEmphasis(prompt).map((runs) => runs.map(({ text, weight }) => `${text}*${+weight.toFixed(4)}`));

describe('emphasis', () => {
  it.each([
    // plain text and the bracket kinds
    ['a face', ['a face*1']],
    ['', []],
    ['an (important) word', ['an *1', 'important*1.1', ' word*1']],
    ['an ((important)) word', ['an *1', 'important*1.21', ' word*1']],
    ['an [unimportant] word', ['an *1', 'unimportant*0.9091', ' word*1']],
    ['an [[unimportant]] word', ['an *1', 'unimportant*0.8264', ' word*1']],
    // weights
    ['(eyes:1.3)', ['eyes*1.3']],
    ['(eyes: 1.3 )', ['eyes*1.3']],
    ['(eyes:.5), (hair:2.)', ['eyes*0.5', ', *1', 'hair*2']],
    ['(a:-1)', ['a*-1']],
    ['(a:+1.5)', ['a*1.5']],
    ['(a:0)b', ['a*0', 'b*1']],
    ['(a:b:1.5)', ['a:b*1.5']],
    ['(:1.2)', []],
    ['(:1.2)x', ['x*1']],
    ['()', []],
    ['[]', []],
    // what is no number is text, and the bracket then one without a weight
    ['(a:1e3)', ['a:1e3*1.1']],
    ['(a:1.2.3)', ['a:1.2.3*1.1']],
    ['(a:)', ['a:*1.1']],
    ['(a:.)', ['a:.*1.1']],
    ['(a:1.2 b)', ['a:1.2 b*1.1']],
    ['[a:1.2]', ['a:1.2*0.9091']],
    // nesting multiplies
    ['(a (b:1.5) c)', ['a *1.1', 'b*1.65', ' c*1.1']],
    ['((a:2):3)', ['a*6']],
    ['([a])', ['a*1']],
    ['[(a:1.2) b]', ['a*1.0909', ' b*0.9091']],
    ['(a [b) c]', ['a *1.1', 'b*1', ' c*0.9091']],
    // neighbours of one weight are one run
    ['(un)(necessary)', ['unnecessary*1.1']],
    ['(a:1) b', ['a b*1']],
    // escapes
    ['\\(literal\\]', ['(literal]*1']],
    ['smile \\(artist\\) (a\\):1.2)', ['smile (artist) *1', 'a)*1.2']],
    ['a\\\\(b)', ['a\\*1', 'b*1.1']],
    ['a\\b\\', ['ab*1']],
    // brackets without partner are text
    ['(a', ['(a*1']],
    ['a)', ['a)*1']],
    ['a:1.2)', ['a:1.2)*1']],
    ['[a', ['[a*1']],
    ['a]', ['a]*1']],
    [')(', [')(*1']],
    ['((a)', ['(*1', 'a*1.1']],
    ['(a))', ['a*1.1', ')*1']],
    ['((a:1.5) b', ['(*1', 'a*1.5', ' b*1']],
    ['(a]', ['(a]*1']],
    // colons elsewhere are text
    ['ratio 16:9, a: b', ['ratio 16:9, a: b*1']],
    ['<lora:x:0.7>', ['<lora:x:0.7>*1']],
    [':::', [':::*1']],
  ])('of %j is %j', (prompt, runs) => {
    expect(parsed(prompt)).toEqual([runs]);
  });

  it.each([
    ['a BREAK b', [['a*1'], ['b*1']]],
    ['a,BREAK\nb', [['a,*1'], ['b*1']]],
    ['BREAK a', [[], ['a*1']]],
    ['a BREAK', [['a*1'], []]],
    ['a BREAK BREAK b', [['a*1'], [], ['b*1']]],
    ['(a BREAK b:1.5) c', [['a*1.5'], ['b*1.5', ' c*1']]],
    ['BREAKFAST break xBREAK', [['BREAKFAST break xBREAK*1']]],
  ])('sections of %j are %j', (prompt, sections) => {
    expect(parsed(prompt)).toEqual(sections);
  });

  it('is read in a blink from a prompt of many brackets', () => {
    const depth = 2000;
    expect(parseEmphasis('['.repeat(depth) + 'a' + ']'.repeat(depth))[0]).toHaveLength(1);
    expect(parseEmphasis('('.repeat(20_000))).toEqual([[{ text: '('.repeat(20_000), weight: 1 }]]);
  });
});
