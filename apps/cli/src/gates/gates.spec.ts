import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph, RunEvent, RunEventBody, RunLock } from '@facewright/core';
import { loadNodes } from '@facewright/server';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommand } from '../run-command.ts';
import type { RunSource } from '../run-source.ts';
import { checkGates, type GateResult } from './check-gates.ts';
import { gateTable } from './gate-table.ts';
import { knownMetrics } from './known-metrics.ts';
import { findName, parseGate } from './parse-gate.ts';

const definitions = await loadNodes();
const folder = mkdtempSync(join(tmpdir(), 'gates-spec-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const difference = (estimate: number | null, low: number | null, high: number | null) => ({ estimate, low, high });
const report = {
  summaries: [
    { role: 'base', label: 'Base', values: { FaceScore: 1, FID: 20, LocalHPS: null } },
    { role: 'variant', label: 'Guidance ℓ2', values: { FaceScore: 1.2, FID: 18, LocalHPS: null } },
    { role: 'variant', label: 'DPO', values: { FaceScore: 1.05, FID: 25, LocalHPS: null } },
    { role: 'control', label: 'Base, noised', values: { FaceScore: 0.5, FID: 60, LocalHPS: null } },
    { role: 'real', label: 'Real pictures', values: { FaceScore: 2, FID: 0.1, LocalHPS: null } },
  ],
  comparisons: [
    { variant: 'Guidance ℓ2', against: 'Base', measure: 'FaceScore', difference: difference(0.2, 0.08, 0.31) },
    { variant: 'DPO', against: 'Base', measure: 'FaceScore', difference: difference(0.05, -0.02, 0.12) },
    { variant: 'Guidance ℓ2', against: 'DPO', measure: 'FaceScore', difference: difference(0.15, 0.1, 0.2) },
    { variant: 'Guidance ℓ2', against: 'Base', measure: 'FID', difference: difference(-2, null, null) },
    { variant: 'DPO', against: 'Base', measure: 'FID', difference: difference(5, 3, 7) },
    { variant: 'DPO', against: 'Base', measure: 'LocalHPS', difference: difference(null, null, null) },
  ],
};
const check = (text: string) =>
  checkGates([parseGate(text)], [report]).map(({ variant, value, passed, note }) => [variant, value, passed, note]);

describe('parseGate', () => {
  it.each([
    ['FaceScore>=+0.1', { metric: 'FaceScore', variant: null, of: 'difference', operator: '>=', threshold: 0.1 }],
    ['FID<=-.5', { metric: 'FID', variant: null, of: 'difference', operator: '<=', threshold: -0.5 }],
    [' FID : my model < 20 ', { metric: 'FID', variant: 'my model', of: 'mean', operator: '<', threshold: 20 }],
    ['FaceScore.low>=0', { metric: 'FaceScore', variant: null, of: 'low', operator: '>=', threshold: 0 }],
    ['CLIP B/32.high:DPO>-1e-3', { metric: 'CLIP B/32', variant: 'DPO', of: 'high', operator: '>', threshold: -0.001 }],
  ])('reads %s', (text, gate) => expect(parseGate(text)).toEqual({ text, ...gate }));
  it.each(['FaceScore', 'FaceScore=1', 'FaceScore>=', '>=1', 'FaceScore>=+', 'FaceScore:>=1', 'FaceScore>=1x'])('refuses %s', (text) =>
    expect(() => parseGate(text)).toThrow(expect.objectContaining({ code: 'CLI_BAD_GATE' })),
  );
  it('finds names whatever their case and spaces, and FID in the Evaluator', () => {
    expect(findName('face score', ['FID', 'FaceScore'])).toBe('FaceScore');
    expect(findName('FID', ['faceScore', 'frechetDistance'])).toBe('frechetDistance');
    expect(findName('FI', ['FID'])).toBeUndefined();
  });
});

describe('checkGates', () => {
  it('with a sign compares differences to the base, without one means, for every variant or the one it names', () => {
    expect(check('FaceScore>=+0.1')).toEqual([
      ['Guidance ℓ2', 0.2, true, undefined],
      ['DPO', 0.05, false, undefined],
    ]);
    expect(check('FaceScore:dpo>=+0.01')).toEqual([['DPO', 0.05, true, undefined]]);
    expect(check('FID<=20')).toEqual([
      ['Guidance ℓ2', 18, true, undefined],
      ['DPO', 25, false, undefined],
    ]);
    expect(check('FaceScore:Base>1')).toEqual([['Base', 1, false, undefined]]);
    expect(check('FaceScore:"x">1')[0]![2]).toBe(false);
  });
  it('takes an end of the interval where it is asked for', () => {
    expect(check('FaceScore.low>=0')).toEqual([
      ['Guidance ℓ2', 0.08, true, undefined],
      ['DPO', -0.02, false, undefined],
    ]);
    expect(check('FaceScore.high:DPO<0.2')).toEqual([['DPO', 0.12, true, undefined]]);
  });
  it('passes nothing that was not measured, and says why', () => {
    expect(check('LocalHPS:DPO>=+0')).toEqual([['DPO', null, false, 'nothing was measured']]);
    expect(check('LocalHPS:DPO>=-100')).toEqual([['DPO', null, false, 'nothing was measured']]);
    expect(check('FID.high:guidance ℓ2<0')).toEqual([['Guidance ℓ2', null, false, 'this difference has no interval']]);
    expect(check('FaceScore:SPIN>=1')[0]).toEqual(['SPIN', null, false, 'no such variant; there are Base, Guidance ℓ2, DPO, Base, noised']);
    expect(check('Beauty>=1')[0]).toEqual(['', null, false, 'no such metric; there are FaceScore, FID, LocalHPS']);
    expect(check('FaceScore:Base>=+0')[0]).toEqual(['Base', null, false, 'the base has no difference to itself']);
    expect(checkGates([parseGate('FID<1')], [])[0]).toMatchObject({ passed: false, note: 'no report with numbers' });
  });
  it('tells people in a table', () => {
    const table = gateTable(checkGates([parseGate('FaceScore>=+0.1')], [report]), false);
    expect(table).toBe(
      [
        '✓ passed  FaceScore>=+0.1  Guidance ℓ2  0.200 [0.0800, 0.310]',
        '✗ failed  FaceScore>=+0.1  DPO          0.0500 [-0.0200, 0.120]',
        '1 of 2 gates failed',
      ].join('\n'),
    );
  });
});

const node = (type: string, values: Record<string, unknown> = {}) => ({ type: `facewright/${type}`, version: 1, values });
const experiment: Graph = {
  facewright: 1,
  name: 'x',
  description: '',
  groups: [],
  nodes: {
    detector: node('load-face-detector'),
    score: node('metric-face-score'),
    reward: node('metric-image-reward'),
    fid: node('metric-frechet-distance', { name: 'FID toy' }),
    report: node('evaluate-experiment'),
  },
  links: [
    { from: ['detector', 'model'], to: ['reward', 'detector'] },
    { from: ['score', 'metrics'], to: ['reward', 'metrics'] },
    { from: ['reward', 'metrics'], to: ['fid', 'metrics'] },
    { from: ['fid', 'metrics'], to: ['report', 'metrics'] },
  ],
};

describe('knownMetrics', () => {
  it('are told from the graph: names as typed, else as the nodes name them, and what comes by itself', () => {
    expect(knownMetrics(experiment, definitions)).toEqual({
      report: true,
      names: ['FaceScore', 'LocalIR', 'FID toy', 'FacesFound', 'Sharpness', 'Contrast', 'Diversity'],
    });
    const loop = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../templates/face-quality-loop.json'), 'utf8')) as Graph;
    expect(knownMetrics(loop, definitions).names).toContain('frechetDistance');
  });
  it('are not known when a name comes by a link, or there is no report', () => {
    const linked: Graph = { ...experiment, links: [...experiment.links, { from: ['detector', 'x'], to: ['fid', 'name'] }] };
    expect(knownMetrics(linked, definitions)).toEqual({ report: true, names: null });
    expect(knownMetrics({ ...experiment, nodes: {}, links: [] }, definitions)).toEqual({ report: false, names: [] });
  });
});

describe('facewright run --gate', () => {
  const asset = (name: string) => ({ id: `sha256:${name.repeat(64)}`, mediaType: 'text/html', bytes: 1 });
  let ran = 0;
  const source = (last: RunEventBody): RunSource => ({
    definitions,
    outputFolder: null,
    async run(_, emit) {
      ran += 1;
      emit({ ...last, run: 'r', seq: 1, time: '' } as RunEvent);
    },
    lock: async () => ({ facewrightLock: 1 }) as RunLock,
    read: async ({ id }) => new TextEncoder().encode(id === asset('1').id ? JSON.stringify(report) : '<html>'),
    close: async () => {},
  });
  const succeeded: RunEventBody = {
    type: 'run_succeeded',
    outputs: { report: { report: { title: 't', summary: 's', html: asset('0'), json: asset('1') } } },
    seconds: 1,
  };
  const path = join(folder, 'graph.json');
  writeFileSync(path, JSON.stringify(experiment));
  async function run(gates: readonly string[], last: RunEventBody = succeeded, out?: string) {
    const shown: RunEventBody[] = [];
    const results: GateResult[] = [];
    const code = await runCommand({
      path,
      settings: [],
      gates,
      out,
      open: async () => source(last),
      show: (event) => shown.push(event),
      saved: () => {},
      complain: () => {},
      judged: (all) => results.push(...all),
      signal: new AbortController().signal,
    });
    return { code, shown, results };
  }
  it('ends with 0 when all hold, with 3 when one does not, and writes what came out into run.json', async () => {
    expect((await run(['FaceScore:Guidance ℓ2>=+0.1', 'FaceScore<=2'])).code).toBe(0);
    const { code, results } = await run(['FaceScore>=+0.1'], succeeded, folder);
    expect(code).toBe(3);
    expect(results.map(({ passed }) => passed)).toEqual([true, false]);
    const saved = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as { gates: readonly GateResult[] };
    expect(saved.gates).toEqual(results);
  });
  it('names every wrong gate before anything runs', async () => {
    ran = 0;
    const wrong = await run(['Beauty>=1', 'FaceScore>=1', 'FID>1']);
    expect(wrong.code).toBe(1);
    expect(wrong.shown.at(-1)).toMatchObject({ type: 'run_failed', problems: [{ code: 'CLI_GATE_METRIC' }, { code: 'CLI_GATE_METRIC' }] });
    expect(JSON.stringify(wrong.shown)).toContain('FaceScore, LocalIR, FID toy');
    expect((await run(['FaceScore', 'x'])).shown.at(-1)).toMatchObject({ problems: [{ code: 'CLI_BAD_GATE' }, { code: 'CLI_BAD_GATE' }] });
    expect(ran).toBe(0);
  });
  it('says of a run that failed that it failed', async () => {
    const { code, results } = await run(['FaceScore>=+0.1'], { type: 'run_failed', problems: [] });
    expect([code, results]).toEqual([1, []]);
    expect((await run(['FaceScore>=+0.1'], { type: 'run_cancelled' })).code).toBe(130);
  });
});
