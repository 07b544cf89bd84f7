// The numbers in the JSON of an evaluator's report, for gates and for the scores of batches.
export interface ReportNumbers {
  readonly summaries: readonly {
    readonly role: string;
    readonly label: string;
    readonly values: Readonly<Record<string, number | null>>;
  }[];
  readonly comparisons: readonly {
    readonly variant: string;
    readonly against: string;
    readonly measure: string;
    readonly difference: { readonly estimate: number | null; readonly low: number | null; readonly high: number | null };
  }[];
}

/** Null for a report without numbers. Throws a SyntaxError for what is no JSON. */
export function reportNumbers(json: Uint8Array): ReportNumbers | null {
  const { summaries, comparisons } = (JSON.parse(new TextDecoder().decode(json)) ?? {}) as Partial<ReportNumbers>;
  return Array.isArray(summaries) && Array.isArray(comparisons) ? { summaries, comparisons } : null;
}
