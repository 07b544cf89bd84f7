// Coded errors: every library lists its own in one table, and a message always says subject, expectation and what came.

/** An error with a stable code. `at()` adds where it happened, from the outside in: `node n7 > input prompt: …`. */
export class CodedError extends Error {
  readonly code: string;
  readonly detail: string;
  readonly path: string[] = [];
  constructor(code: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.detail = detail;
    this.name = code;
  }
  at(...where: string[]): this {
    this.path.unshift(...where);
    this.message = `${this.path.join(' > ')}: ${this.detail}`;
    return this;
  }
}

type ErrorTable = Record<string, (...args: never[]) => string>;
export type Errors<T extends ErrorTable> = { readonly [K in keyof T]: (...args: Parameters<T[K]>) => CodedError } & {
  /** All codes of the table, with their prefix; the test of docs/errors.md reads them. */
  readonly codes: readonly string[];
};

/** Makes one throwable factory per row: `const err = defineErrors('ONNX', { SHAPE: (op: string) => … }); throw err.SHAPE('Conv')` has code `ONNX_SHAPE`. */
export function defineErrors<const P extends string, T extends ErrorTable>(prefix: P, table: T): Errors<T> {
  const rows = Object.entries(table).map(([key, say]) => [key, (...args: never[]) => new CodedError(`${prefix}_${key}`, say(...args))]);
  return { ...Object.fromEntries(rows), codes: Object.keys(table).map((key) => `${prefix}_${key}`) } as unknown as Errors<T>;
}

/** Names with commas between them; of more than `most` the rest is a number. */
export const listed = (names: readonly string[], most = Infinity): string =>
  names.length > most ? `${names.slice(0, most).join(', ')} and ${names.length - most} more` : names.join(', ');

/** Problems for the end of a message, each on a line of its own; of more than `most` the rest is a number. */
export const onLines = (problems: readonly string[], most = Infinity): string =>
  [...problems.slice(0, most), ...(problems.length > most ? [`and ${problems.length - most} more`] : [])]
    .map((line) => `\n  ${line}`)
    .join('');
