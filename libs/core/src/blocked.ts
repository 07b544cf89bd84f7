// What a node gives in place of an output that there is not: nodes that depend on it do not run.

/** Plain data, so that it is stored and crosses wires as any value. */
interface Blocked {
  readonly $blocked: string;
}
/**
 * In place of an output, or of an item of a list: what depends on it is skipped, of a list only that item, and the run goes on. Without a reason that is as it should be;
 * with one, the nodes that are skipped tell it. Fits every output, hence `never`.
 */
export const blocked = (reason = ''): never => ({ $blocked: reason }) satisfies Blocked as never;

/** The reason why a value is blocked, '' for none; null when it is not. */
export const blockedReason = (value: unknown): string | null => (isBlocked(value) ? value.$blocked : null);
export const isBlocked = (value: unknown): value is Blocked =>
  typeof value === 'object' && value !== null && '$blocked' in value && typeof value.$blocked === 'string';
