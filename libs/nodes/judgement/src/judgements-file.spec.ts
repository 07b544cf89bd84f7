import type { Judgements } from '@facewright/core';
import { describe, expect, it } from 'vitest';
import { judgementsCsv, judgementsJsonl, parseJudgements } from './judgements-file.ts';

const image = (name: string, caption = 'a "fine", face\nof two lines') => ({
  asset: { id: `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`, mediaType: 'image/png', bytes: 12 },
  width: 8,
  height: 9,
  key: `k-${name}`,
  caption,
});
const judged: Judgements = {
  name: 'faces',
  labels: ['base, old', 'tuned', 'rival'],
  sets: [
    {
      key: 'p#1',
      caption: 'a "fine", face\nof two lines',
      images: [image('a'), image('b'), image('c')],
      votes: [
        { annotator: 'Ada', choice: 2 },
        { annotator: 'Bob', choice: 'no face' },
      ],
    },
    { key: 'p#2', caption: '', images: [image('d', ''), image('e', '')], votes: [{ annotator: 'Ada', choice: 'tie' }] },
    { key: 'p#3', caption: '', images: [image('f', ''), image('g', '')], votes: [] },
  ],
};
const problemsOf = (path: string, text: string) => {
  try {
    return parseJudgements(path, text);
  } catch (error) {
    return (error as Error).message;
  }
};

describe('exported judgements', () => {
  it('are read back as they were, from JSON lines and from CSV', () => {
    expect(parseJudgements('x.jsonl', judgementsJsonl(judged))).toEqual(judged);
    expect(parseJudgements('X.CSV', `\uFEFF${judgementsCsv(judged)}`)).toEqual(judged);
  });
  it('say the label of the chosen picture for people who read the table', () => {
    const [head, first] = judgementsCsv({ ...judged, sets: judged.sets.slice(1) }).split('\r\n');
    expect(head).toMatch(/^task,set,caption,annotator,choice,best,label 1,picture 1/);
    expect(first).toMatch(/^faces,p#2,,Ada,tie,,"base, old",sha256:/);
  });
  it('that are damaged are refused with every problem and its line', () => {
    const lines = judgementsJsonl(judged).split('\n');
    lines[1] = lines[1]!.replace('"choice":2', '"choice":7');
    lines[2] = lines[2]!.slice(0, 20);
    const message = problemsOf('x.jsonl', lines.join('\n'));
    expect(message).toMatch(/2 problem\(s\)/);
    expect(message).toMatch(/line 2: votes\.0\.choice/);
    expect(message).toMatch(/line 3: expected JSON/);
    expect(problemsOf('x.jsonl', '')).toMatch(/line 1: expected/);
    expect(problemsOf('x.jsonl', '{"prompt":"a face"}\n')).toMatch(/line 1: expected \{"facewright"/);
    expect(problemsOf('x.csv', 'a,b\n1,2\n')).toMatch(/expected the columns task, set/);
    expect(problemsOf('x.csv', 'a,b\n1\n')).toMatch(/JUDGEMENT|Record/);
    const row = judgementsCsv(judged);
    expect(problemsOf('x.csv', row.replace('Ada,3,', 'Ada,left,'))).toMatch(/expected the choice 1, 2, 3, tie or no face, got "left"/);
    expect(problemsOf('x.csv', row.replace('Ada,tie,', 'Ada,3,'))).toMatch(
      /set p#2: expected Ada to choose one of 2 pictures, got picture 3/,
    );
    expect(problemsOf('x.csv', row.replaceAll('Bob,', 'Ada,'))).toMatch(/set p#1: expected one vote of each annotator, got several of Ada/);
    expect(problemsOf('x.txt', row)).toMatch(/expected judging: and a name, or a \.jsonl or \.csv file/);
  });
});
