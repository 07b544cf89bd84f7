// The three nodes on pictures that are drawn here, without models.
import type { Image, Judgements, NodeContext, Scores } from '@facewright/core';
import { createRng } from '@facewright/tensor';
import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { run as judgementSet } from './judgement-set.ts';
import { judgementsCsv, judgementsJsonl } from './judgements-file.ts';
import { run as judgementsNode } from './judgements.ts';
import { run as metricAlignment } from './metric-alignment.ts';

const draw = (ctx: NodeContext, seed: number, key: string, caption = `caption of ${key}`): Promise<Image> => {
  const rng = createRng(seed);
  return ctx.images.write(
    { width: 12, height: 12, channels: 3, data: Uint8Array.from({ length: 432 }, () => rng.integer(256)) },
    { key, caption },
  );
};
const listOf = (ctx: NodeContext, seed: number, keys: readonly string[]) =>
  Promise.all(keys.map((key, i) => draw(ctx, seed * 100 + i, key)));
const defaults = {
  name: 'faces',
  first: undefined,
  second: undefined,
  third: undefined,
  variants: undefined,
  pictures: undefined,
  question: 'Which?',
  perSet: 3,
  showCaptions: true,
  limit: 0,
  seed: 3,
  firstLabel: 'A',
  secondLabel: 'B',
  thirdLabel: 'C',
};
const code = (name: string) => expect.objectContaining({ code: name });

describe('judgement set', () => {
  it('puts pictures with the same key together and gives each once, with a key of its own', async () => {
    const ctx = createFakeContext();
    const [first, second] = [await listOf(ctx, 1, ['a', 'b', 'c']), await listOf(ctx, 2, ['c', 'b', 'x'])];
    const { task, images, summary } = await judgementSet({ ...defaults, first, second, name: ' faces ' }, ctx);
    expect(task).toBe('judging:faces');
    expect(ctx.published).toMatchObject([
      { name: 'faces', labels: ['A', 'B'], sets: [{ key: 'b', caption: 'caption of b', images: [first[1], second[1]] }, { key: 'c' }] },
    ]);
    expect(images.map(({ key }) => key)).toEqual(['b', 'b (2)', 'c', 'c (2)']);
    expect(summary).toBe(
      '2 sets of 2 pictures are put up as faces. The link of the first annotator is under Judging, where more are made.',
    );
    expect(ctx.said.logs).toEqual([{ level: 'warn', message: '2 picture(s) have no partner and are left out' }]);
  });
  it('takes three lists, or the variants of an experiment, and hides a caption that tells pictures apart', async () => {
    const ctx = createFakeContext();
    const lists = await Promise.all([1, 2, 3].map((seed) => listOf(ctx, seed, ['a'])));
    await judgementSet({ ...defaults, first: lists[0]!, second: lists[1]!, third: [{ ...lists[2]![0]!, caption: 'other' }] }, ctx);
    await judgementSet({ ...defaults, variants: lists.map((images, i) => ({ label: `v${i}`, facts: {}, images })) }, ctx);
    expect(ctx.published[0]!.sets).toMatchObject([{ caption: '', images: [{}, {}, {}] }]);
    expect(ctx.published[1]).toMatchObject({ labels: ['v0', 'v1', 'v2'], sets: [{ caption: 'caption of a' }] });
  });
  it('groups one list by caption: threes, two pairs of four, nothing alone', async () => {
    const ctx = createFakeContext();
    const pictures = await Promise.all(
      [
        ['x', 1],
        ['y', 2],
        ['z', 3],
        ['u', 4],
        ['v', 7],
      ].flatMap(([caption, n]) =>
        Array.from({ length: n as number }, (_, i) => draw(ctx, (n as number) * 10 + i, `${caption}${i}`, String(caption))),
      ),
    );
    await judgementSet({ ...defaults, pictures }, ctx);
    expect(ctx.published[0]!.sets.map(({ caption, images }) => [caption, images.length])).toEqual([
      ['y', 2],
      ['z', 3],
      ['u', 2],
      ['u', 2],
      ['v', 3],
      ['v', 2],
      ['v', 2],
    ]);
    expect(new Set(ctx.published[0]!.sets.map(({ key }) => key)).size).toBe(7);
  });
  it('shows some of the models in each set where there are more than stand side by side, all of them about as often', async () => {
    const ctx = createFakeContext();
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    const variants = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map(async (label, i) => ({ label, facts: {}, images: [...(await listOf(ctx, 10 + i, keys))] })),
    );
    await judgementSet({ ...defaults, variants, perSet: 2 } as never, ctx);
    const [{ labels, sets }] = ctx.published as [(typeof ctx.published)[number]];
    expect(labels).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(new Set(sets.map((set) => set.labels!.join())).size).toBeGreaterThan(7);
    for (const [i, set] of sets.entries())
      expect(set.images.map(({ asset }) => asset.id)).toEqual(
        set.labels!.map((label) => variants.find((variant) => variant.label === label)!.images[i]!.asset.id),
      );
    // Binomial(40, 2 / 5) for each: 16 give or take four deviations.
    for (const label of labels) expect(Math.abs(sets.filter((set) => set.labels!.includes(label)).length - 16)).toBeLessThan(13);

    // Everybody prefers whichever comes later in the alphabet.
    const judgements = {
      name: 'many',
      labels,
      sets: sets.map((set) => ({ ...set, votes: ['Ada', 'Bob'].map((annotator) => ({ annotator, choice: 1 })) })),
    };
    for (const [name, text] of [
      ['many.jsonl', judgementsJsonl(judgements)],
      ['many.csv', judgementsCsv(judgements)],
    ] as const) {
      const source = await ctx.files.write(name, new TextEncoder().encode(text));
      const given = await judgementsNode({ source, task: undefined, leaveOut: '', resamples: 100, seed: 1 }, ctx);
      expect(given.judgements.sets).toEqual(judgements.sets);
      expect([...given.judgements.labels].sort()).toEqual(labels);
      // All agree, and say different labels: by places alone alpha would not be defined.
      expect(given.summary).toMatch(/a 0\b.*\nKrippendorff's alpha 1\.000/);
    }
  });
  it('draws as many sets by lot as the limit says, the same for the same seed', async () => {
    const ctx = createFakeContext();
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const [first, second] = [await listOf(ctx, 1, keys), await listOf(ctx, 2, keys)];
    for (const seed of [1, 1, 2]) await judgementSet({ ...defaults, first, second, limit: 5, seed }, ctx);
    const chosen = ctx.published.map(({ sets }) => sets.map(({ key }) => key).join());
    expect(ctx.published[0]!.sets).toHaveLength(5);
    expect(chosen[0]).toBe(chosen[1]);
    expect(chosen[0]).not.toBe(chosen[2]);
  });
  it('refuses what it cannot put up', async () => {
    const ctx = createFakeContext();
    const [first, second] = [await listOf(ctx, 1, ['a']), await listOf(ctx, 2, ['b'])];
    const refused = (inputs: Partial<typeof defaults> & object) => expect(judgementSet({ ...defaults, ...inputs } as never, ctx)).rejects;
    await refused({}).toEqual(code('JUDGEMENT_SOURCES'));
    await refused({ first } as never).toEqual(code('JUDGEMENT_SOURCES'));
    await refused({ first, second, pictures: first } as never).toEqual(code('JUDGEMENT_SOURCES'));
    await refused({ first, second } as never).toEqual(code('JUDGEMENT_NO_SETS'));
    await refused({ pictures: [...first, ...second] } as never).toEqual(code('JUDGEMENT_NO_SETS'));
    await refused({ first: [...first, ...first], second } as never).toEqual(code('JUDGEMENT_DUPLICATE'));
    await refused({ first, second: first, secondLabel: 'A' } as never).toEqual(code('JUDGEMENT_LABELS'));
    await refused({ variants: [{ label: 'x', facts: {}, images: first }] } as never).toEqual(code('JUDGEMENT_VARIANTS'));
    await refused({ name: '../x', first, second: first } as never).toEqual(code('JUDGEMENT_BAD_NAME'));
    expect(ctx.published).toEqual([]);
  });
});

/** Three models, `count` prompts; the picture with the most contrast is best: of the first model in two of three sets. */
async function judgedTask(ctx: NodeContext, count = 12): Promise<{ readonly judgements: Judgements; readonly images: readonly Image[] }> {
  const sets = await Promise.all(
    Array.from({ length: count }, async (_, i) => ({
      key: `p${i}`,
      caption: `prompt ${i}`,
      images: await Promise.all([0, 1, 2].map((place) => draw(ctx, 1000 + 3 * i + place, `p${i}`))),
      votes: [
        { annotator: 'Ada', choice: i % 3 === 0 ? 1 : 0 },
        { annotator: 'Bob', choice: i % 3 === 0 ? 1 : 0 },
        { annotator: 'Cy', choice: (i === 1 ? 'tie' : i === 2 ? 2 : i % 3 === 0 ? 1 : 0) as number | 'tie' },
      ],
    })),
  );
  const judgements: Judgements = {
    name: 'faces',
    labels: ['A', 'B', 'C'],
    sets: [
      ...sets,
      {
        key: 'tied',
        caption: '',
        images: sets[0]!.images.slice(0, 2),
        votes: [
          { annotator: 'Ada', choice: 'tie' },
          { annotator: 'Bob', choice: 'tie' },
        ],
      },
      { key: 'faceless', caption: '', images: sets[1]!.images.slice(0, 2), votes: [{ annotator: 'Ada', choice: 'no face' }] },
      { key: 'unjudged', caption: '', images: sets[2]!.images.slice(0, 2), votes: [] },
    ],
  };
  return { judgements, images: sets.flatMap(({ images }) => images) };
}

describe('judgements', () => {
  const read = { source: 'judging:faces', task: undefined, leaveOut: '', resamples: 200, seed: 1 };
  it('gives what people said, the judged pictures and how far people agree', async () => {
    const { judgements, images } = await judgedTask(createFakeContext());
    const ctx = createFakeContext({ judgements: [judgements] });
    const given = await judgementsNode({ ...read, task: 'judging:faces' }, ctx);
    expect(given.judgements).toEqual(judgements);
    expect(given.images.map(({ asset }) => asset.id)).toEqual(images.map(({ asset }) => asset.id));
    expect(given.summary).toMatch(
      /^faces: 39 votes of Ada \(14\), Bob \(13\), Cy \(12\) on 14 of 15 sets\.\nMajority: 12 decided, 1 ties, 1 without a face\. Best: A 8, B 4, C 0\.\nKrippendorff's alpha 0\.\d+ \[/,
    );
  });
  it('leaves out annotators by name, and says which names nobody has', async () => {
    const { judgements } = await judgedTask(createFakeContext());
    const ctx = createFakeContext({ judgements: [judgements] });
    const { judgements: kept } = await judgementsNode({ ...read, leaveOut: 'Cy, Bob' }, ctx);
    expect(new Set(kept.sets.flatMap(({ votes }) => votes.map(({ annotator }) => annotator)))).toEqual(new Set(['Ada']));
    await expect(judgementsNode({ ...read, leaveOut: 'Dora' }, ctx)).rejects.toEqual(code('JUDGEMENT_UNKNOWN_ANNOTATORS'));
  });
  it('reads a file that was exported, and refuses other tasks, other files and tasks that are not there', async () => {
    const ctx = createFakeContext();
    const { judgements } = await judgedTask(ctx);
    for (const [name, text] of [
      ['j.jsonl', judgementsJsonl(judgements)],
      ['j.csv', judgementsCsv(judgements)],
    ] as const) {
      const source = await ctx.files.write(name, new TextEncoder().encode(text));
      expect((await judgementsNode({ ...read, source }, ctx)).judgements.sets.map(({ votes }) => votes)).toEqual(
        judgements.sets.map(({ votes }) => votes),
      );
    }
    await expect(judgementsNode({ ...read, task: 'judging:other' }, ctx)).rejects.toEqual(code('JUDGEMENT_OTHER_TASK'));
    await expect(judgementsNode({ ...read, source: 'votes.xlsx' }, ctx)).rejects.toEqual(code('JUDGEMENT_BAD_SOURCE'));
    await expect(judgementsNode(read, ctx)).rejects.toEqual(code('ENGINE_MISSING_JUDGING'));
    await expect(judgementsNode({ ...read, source: '/no/such.csv' }, ctx)).rejects.toEqual(code('ENGINE_MISSING_FILE'));
  });
});

describe('metric alignment', () => {
  const tables = {
    scores1: undefined,
    scores2: undefined,
    scores3: undefined,
    scores4: undefined,
    scores5: undefined,
    scores6: undefined,
    scores7: undefined,
    scores8: undefined,
  };
  const rest = { metrics: undefined, ...tables, controls: false, faces: 'mean' as const, title: 'T', resamples: 200, seed: 1 };
  const table = (metric: string, images: readonly Image[], score: (at: number) => number | null, higherIsBetter = true): Scores => ({
    metric,
    higherIsBetter,
    rows: images.map((image, i) => ({ image, face: 0, box: null, score: score(i) })),
  });
  const parsed = async (ctx: NodeContext, report: { readonly json: Image['asset'] }) =>
    JSON.parse(new TextDecoder().decode(await ctx.assets.read(report.json))) as {
      metrics: {
        metric: string;
        accuracy: { estimate: number } | null;
        pairs: number;
        ties: number;
        notScored: number;
        differenceToFirst: { estimate: number } | null;
      }[];
      people: { pairs: number; correct: number; each: { annotator: string; pairs: number; correct: number }[] };
    };

  it('ranks metrics by their pairs, honours which way is better, and leaves unscored pictures out', async () => {
    const ctx = createFakeContext();
    const { judgements, images } = await judgedTask(ctx);
    const best = (at: number) => (Math.floor(at / 3) % 3 === 0 ? 1 : 0) === at % 3;
    const { report } = await metricAlignment(
      {
        ...rest,
        judgements,
        scores1: table('right', images, (at) => (best(at) ? 2 : 1)),
        scores2: table('defect', images, (at) => (best(at) ? 0 : 1), false),
        scores3: table('wrong', images, (at) => (best(at) ? -2 : -1)),
        scores4: table('blind', images, () => 0.5),
        scores5: table('half', images, (at) => (at < 18 ? (best(at) ? 2 : 1) : null)),
        scores6: table('right', images, (at) => (best(at) ? 2 : 1)),
      },
      ctx,
    );
    const { metrics, people } = await parsed(ctx, report);
    expect(metrics.map(({ metric, accuracy, pairs, ties, notScored }) => [metric, accuracy?.estimate, pairs, ties, notScored])).toEqual([
      ['right', 1, 24, 0, 0],
      ['defect', 1, 24, 0, 0],
      ['wrong', 0, 24, 0, 0],
      ['blind', 0, 24, 24, 0],
      ['half', 1, 12, 0, 12],
      ['right (2)', 1, 24, 0, 0],
    ]);
    expect(metrics.map(({ differenceToFirst }) => differenceToFirst?.estimate)).toEqual([undefined, 0, -1, -1, 0, 0]);
    // Ada and Bob against the majority of the other and Cy, which is tied in sets 1 and 2; Cy against both, once a tie and once another picture: wrong.
    expect(people.each).toMatchObject([
      { annotator: 'Ada', pairs: 20, correct: 20 },
      { annotator: 'Bob', pairs: 20, correct: 20 },
      { annotator: 'Cy', pairs: 24, correct: 20 },
    ]);
    expect(people).toMatchObject({ pairs: 64, correct: 60 });
    expect(report.summary).toMatch(/^right agrees best with people: 100\.0 % \[100\.0 %, 100\.0 %\] of 24 pairs\.$/);
    const csv = new TextDecoder().decode(ctx.written.get('metric-alignment-fake.csv')!).split('\r\n');
    expect(csv.slice(0, 3)).toEqual([
      'method,accuracy,low,high,pairs,correct,ties,not scored',
      'Random guess,0.5,,,,,,',
      'right,1,1,1,24,24,0,0',
    ]);
    const html = new TextDecoder().decode(ctx.written.get('metric-alignment-fake.html')!);
    expect(html).toContain('<td>Random guess</td><td>50.0 %</td>');
    expect(html).not.toMatch(/<script|https?:/);
  });
  it('takes the mean, the lowest or the highest of the faces of a picture', async () => {
    const ctx = createFakeContext();
    const { judgements, images } = await judgedTask(ctx, 3);
    // Of the first set, which alone is scored, people chose the second picture. Its faces: 5 and 1; one face of 2 in the others.
    const rows = [[2], [5, 1], [2]].flatMap((faces, i) => faces.map((score, face) => ({ image: images[i]!, face, box: null, score })));
    const accuracy = async (faces: 'mean' | 'lowest' | 'highest', higherIsBetter = true) => {
      const scores1 = { metric: 'm', higherIsBetter, rows };
      return (await parsed(ctx, (await metricAlignment({ ...rest, judgements, faces, scores1 }, ctx)).report)).metrics[0]!.accuracy!
        .estimate;
    };
    expect([await accuracy('mean'), await accuracy('lowest'), await accuracy('highest')]).toEqual([1, 0, 1]);
    expect([await accuracy('lowest', false), await accuracy('highest', false)]).toEqual([0, 1]);
  });
  it('computes linked metrics and the controls itself', async () => {
    const ctx = createFakeContext();
    const { judgements } = await judgedTask(ctx);
    const metrics = [{ kind: 'sharpness', name: 'My sharpness', models: {}, settings: {} }];
    const { report } = await metricAlignment({ ...rest, judgements, metrics, controls: true }, ctx);
    expect((await parsed(ctx, report)).metrics.map(({ metric, pairs }) => [metric, pairs])).toEqual([
      ['My sharpness', 24],
      ['Contrast', 24],
    ]);
    expect(ctx.said.progress.at(-1)).toMatchObject({ done: 36, total: 36 });
  });
  it('says that nobody has judged yet, or that nothing was decided, instead of numbers', async () => {
    const ctx = createFakeContext();
    const { judgements, images } = await judgedTask(ctx);
    const scores1 = table('m', images, (at) => at);
    const without = (choice: 'tie' | null): Judgements => ({
      ...judgements,
      sets: judgements.sets.map((set) => ({ ...set, votes: choice ? [{ annotator: 'Ada', choice }] : [] })),
    });
    const summary = async (given: Judgements) => (await metricAlignment({ ...rest, judgements: given, scores1 }, ctx)).report.summary;
    expect(await summary(without(null))).toMatch(/^Nobody has judged yet/);
    expect(await summary(without('tie'))).toMatch(/^No set has a picture that most annotators chose/);
  });
  it('refuses to compare with nothing, with whole sets, or with scores of other pictures', async () => {
    const ctx = createFakeContext();
    const { judgements } = await judgedTask(ctx);
    const others = await listOf(ctx, 9, ['a', 'b']);
    await expect(metricAlignment({ ...rest, judgements, controls: true }, ctx)).rejects.toEqual(code('JUDGEMENT_NO_METRICS'));
    await expect(metricAlignment({ ...rest, judgements, scores1: table('m', others, () => 1) }, ctx)).rejects.toEqual(
      code('JUDGEMENT_NOTHING_SCORED'),
    );
    const metrics = [{ kind: 'frechet-distance', name: 'FID', models: {}, settings: {} }];
    await expect(metricAlignment({ ...rest, judgements, metrics }, ctx)).rejects.toEqual(code('JUDGEMENT_SET_METRICS'));
  });
});
