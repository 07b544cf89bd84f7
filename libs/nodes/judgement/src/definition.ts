// Human judgement: ports of the nodes, safe in a browser.
import { defineNode, port } from '@facewright/core';

const category = 'Judgement';
const list = (which: string) =>
  port.optional(
    port.images({ help: `Pictures of the ${which} model. Pictures with the same key, so of the same prompt and seed, are compared.` }),
  );
const label = (which: string, name: string) =>
  port.text({ default: name, advanced: true, help: `What the ${which} model is called in reports. Annotators never see it.` });
const table = () =>
  port.optional(
    port.scores({ help: 'Scores of the judged pictures, all in one table; a picture with several faces counts as More settings say.' }),
  );

export const judgementSet = defineNode({
  type: 'facewright/judgement-set',
  version: 1,
  title: 'Judgement set',
  summary:
    'Puts pictures up to be judged by people: two or three of the same prompt side by side, in random order, without telling which model drew which.',
  category,
  inputs: {
    name: port.text({
      default: 'faces',
      help: 'What the task is called: Judgements finds it by this name. Letters, digits, spaces, dots, - and _.',
    }),
    first: list('first'),
    second: list('second'),
    third: list('third'),
    variants: port.optional(port.variants({ help: 'Instead of three lists: the variants of an experiment, with their labels.' })),
    pictures: port.optional(
      port.images({
        help: 'Instead of three lists: one list in which two or three pictures share a caption, such as several seeds of each prompt.',
      }),
    ),
    question: port.text({ default: 'Which picture shows the best face?', help: 'What the annotators are asked.' }),
    perSet: port.integer({
      min: 2,
      max: 3,
      default: 3,
      help: 'Most pictures side by side. Where more models are compared, each set shows some of them, drawn by lot.',
    }),
    showCaptions: port.boolean({ default: true, help: 'Show the prompt above the pictures.' }),
    limit: port.integer({ min: 0, max: 10_000, default: 0, help: 'Most sets to put up, drawn by lot; 0: all, at most 10,000.' }),
    seed: port.seed({ help: 'Seed of the lot, and of the orders in which annotators see sets and sides.' }),
    firstLabel: label('first', 'A'),
    secondLabel: label('second', 'B'),
    thirdLabel: label('third', 'C'),
  },
  outputs: {
    task: port.text({ help: 'The task by name, for the input Task of a Judgements node in the same graph.' }),
    images: port.images({ help: 'All pictures that were put up, each once: what metrics are to score.' }),
    summary: port.text({ help: 'What was put up, and where the page is.' }),
  },
  effects: 'writes',
  output: true,
});

export const judgements = defineNode({
  type: 'facewright/judgements',
  version: 1,
  title: 'Judgements',
  summary: 'What people said of a judging task until now, how far they agree, or the same from a file that was exported.',
  category,
  inputs: {
    source: port.path({
      of: 'file',
      judging: true,
      help: 'judging: and the name of a task, such as judging:faces; or a .jsonl or .csv file that was exported from one.',
    }),
    task: port.optional(port.text({ help: 'Link Judgement set here when it is in the same graph, so that it comes first.' })),
    leaveOut: port.text({ default: '', advanced: true, help: 'Names of annotators whose votes do not count, separated by commas.' }),
    resamples: port.integer({
      min: 100,
      max: 10_000,
      default: 1000,
      advanced: true,
      help: 'Bootstrap resamples behind the interval of alpha.',
    }),
    seed: port.seed({ advanced: true, help: 'Seed of the bootstrap.' }),
  },
  outputs: {
    judgements: port.judgements({ help: 'The sets with the votes of every annotator.' }),
    images: port.images({ help: 'All judged pictures, each once: what metrics are to score.' }),
    summary: port.text({ help: 'Annotators, votes, majorities and agreement.' }),
  },
  effects: 'reads',
  output: true,
});

export const metricAlignment = defineNode({
  type: 'facewright/metric-alignment',
  version: 1,
  title: 'Metric alignment',
  summary:
    'How often metrics rank pictures as people do: pairwise accuracy with 95 % intervals, beside chance and beside the people themselves.',
  category,
  inputs: {
    judgements: port.judgements({ help: 'What people said, from Judgements.' }),
    metrics: port.optional(
      port.metrics({ help: 'Metrics that are computed here, each with a value for a picture. New votes compute them again.' }),
    ),
    scores1: table(),
    scores2: table(),
    scores3: table(),
    scores4: table(),
    scores5: table(),
    scores6: table(),
    scores7: table(),
    scores8: table(),
    controls: port.boolean({ default: true, help: 'Also sharpness and contrast, which know nothing of faces.' }),
    faces: port.choice(['mean', 'lowest', 'highest'], {
      default: 'mean',
      advanced: true,
      help: 'What a picture with several scored faces has, in linked tables.',
    }),
    title: port.text({ default: 'How well do metrics agree with people?', help: 'Headline of the report.' }),
    resamples: port.integer({ min: 100, max: 10_000, default: 1000, help: 'Bootstrap resamples behind each interval.' }),
    seed: port.seed({ help: 'Seed of the bootstrap.' }),
  },
  outputs: { report: port.report({ help: 'The table, its plot and where metrics differ from people.' }) },
  effects: 'none',
  output: true,
});
