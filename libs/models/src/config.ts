// Reads a config.json: every value it names is either understood or reported.
import { err } from './errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Collects all problems of one config before it throws them together. */
export class ConfigReader {
  readonly #architecture: string;
  readonly #json: Json;
  readonly #read = new Set<string>();
  readonly problems: string[] = [];
  constructor(architecture: string, json: Json) {
    this.#architecture = architecture;
    this.#json = json;
  }
  #value(key: string): unknown {
    this.#read.add(key);
    return this.#json[key];
  }
  #problem(key: string, want: string, got: unknown): void {
    this.problems.push(`${key}: expected ${want}, got ${JSON.stringify(got) ?? 'nothing'}`);
  }
  number(key: string, fallback?: number): number {
    const value = this.#value(key) ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    this.#problem(key, 'a number', value);
    return fallback ?? 1;
  }
  integer(key: string, fallback?: number): number {
    const value = this.#value(key) ?? fallback;
    if (Number.isInteger(value) && (value as number) >= 0) return value as number;
    this.#problem(key, 'a whole number', value);
    return fallback ?? 1;
  }
  boolean(key: string, fallback: boolean): boolean {
    const value = this.#value(key) ?? fallback;
    if (typeof value === 'boolean') return value;
    this.#problem(key, 'true or false', value);
    return fallback;
  }
  oneOf<const T>(key: string, allowed: readonly T[], fallback?: NoInfer<T>): T {
    const value = this.#value(key) ?? fallback;
    if (allowed.includes(value as T)) return value as T;
    this.#problem(key, allowed.map((a) => JSON.stringify(a)).join(' or '), value);
    return allowed[0]!;
  }
  integers(key: string): readonly number[] {
    const value = this.#value(key);
    if (Array.isArray(value) && value.length > 0 && value.every((v) => Number.isInteger(v) && v > 0)) return value as number[];
    this.#problem(key, 'a list of whole numbers', value);
    return [1];
  }
  /** A list with one entry per block, which a single value stands for. */
  perBlock<T extends number | boolean>(key: string, blocks: number, fallback: T): readonly T[] {
    const value = this.#value(key) ?? fallback;
    const list: unknown[] = Array.isArray(value) ? value : Array.from({ length: blocks }, () => value);
    if (list.length === blocks && list.every((v) => typeof v === typeof fallback)) return list as T[];
    this.#problem(key, `one ${typeof fallback} or ${blocks} of them`, value);
    return Array.from({ length: blocks }, () => fallback);
  }
  strings<const T extends string>(key: string, allowed: readonly T[], fallback?: readonly NoInfer<T>[]): readonly T[] {
    const value = this.#value(key) ?? fallback;
    if (Array.isArray(value) && value.every((v) => allowed.includes(v as T))) return value as T[];
    this.#problem(key, `a list of ${allowed.join(' or ')}`, value);
    return [];
  }
  /** Keys that change nothing here, whatever they say. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#read.add(key);
  }
  /** All problems, counting keys that nobody read and that are neither null nor false. */
  collect(): readonly string[] {
    for (const [key, value] of Object.entries(this.#json)) {
      if (!this.#read.has(key) && !key.startsWith('_') && value !== null && value !== false)
        this.#problem(key, 'nothing, as it is not supported', value);
    }
    return this.problems;
  }
  /** Throws MODELS_CONFIG with all problems. */
  finish(): void {
    const problems = this.collect();
    if (problems.length > 0) throw err.CONFIG(this.#architecture, problems);
  }
}
