// Values that cut the templates of experiments down to seconds, and what their specs read of a report.
import type { Report } from '@facewright/core';
import type { TemplateRun, TemplateRunner } from './run-template.ts';

const trainer = { steps: 3, batch: 4 };
export const smallExperiment: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  good: { count: 24 },
  'held-out': { count: 40, promptCount: 6 },
  bad: { steps: 6 },
  drawn: { steps: 3 },
  'face-score': { steps: 4, batch: 4 },
  guided: trainer,
  'guided-dino': trainer,
  plain: trainer,
  dpo: trainer,
  spin: trainer,
  draw: { steps: 5 },
  report: { resamples: 100 },
};

export interface ReportNumbers {
  readonly verdict: { readonly headline: string };
  readonly measures: readonly { readonly name: string }[];
  readonly summaries: readonly { readonly role: string; readonly label: string; readonly pictures: number }[];
  readonly comparisons: readonly {
    readonly variant: string;
    readonly against: string;
    readonly measure: string;
    readonly difference: { readonly estimate: number };
  }[];
}
export async function readReport(template: TemplateRunner, run: TemplateRun): Promise<ReportNumbers & { readonly html: string }> {
  const { json, html } = run.outputs['report']!['report'] as Report;
  const text = async (asset: Report['json']) => new TextDecoder().decode(await template.read(asset));
  return { ...(JSON.parse(await text(json)) as ReportNumbers), html: await text(html) };
}
