// Port values are plain data: made sure of, frozen, and written in one canonical way.
import { err } from './errors.ts';

const nameOf = (value: object): string => (value.constructor as { name?: string } | undefined)?.name ?? 'an object';

function members(value: object, path: string): [string, unknown][] {
  if (Array.isArray(value)) return Array.from(value, (item, i) => [`${path}[${i}]`, item]);
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype && prototype !== null) throw err.NOT_DATA(path, `a ${nameOf(value)}`);
  return Object.entries(value).map(([key, item]) => [`${path}.${key}`, item]);
}
function checkLeaf(value: unknown, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw err.NOT_DATA(path, String(value));
  if (['function', 'symbol', 'bigint'].includes(typeof value)) throw err.NOT_DATA(path, `a ${typeof value}`);
}

/**
 * Freezes a value in depth, so that a consumer which writes to it fails instead of changing what others see. Throws ENGINE_NOT_DATA for what would not
 * survive JSON: functions, class instances, typed arrays, NaN, cycles. `subject` names the value in that message.
 */
export function freezeData<T>(value: T, subject: string): T {
  const open = new Set<object>();
  const visit = (part: unknown, path: string): void => {
    if (typeof part !== 'object' || part === null) return checkLeaf(part, path);
    if (open.has(part)) throw err.NOT_DATA(path, 'a value that contains itself');
    open.add(part);
    for (const [where, item] of members(part, path)) visit(item, where);
    open.delete(part);
    Object.freeze(part);
  };
  visit(value, subject);
  return value;
}

/**
 * JSON with keys sorted by code unit and no spaces; absent and undefined members are the same, and so are -0 and 0, because a saved graph cannot tell them
 * apart. Throws ENGINE_NOT_DATA for what JSON would silently turn into null.
 */
export function canonicalJson(value: unknown, path = 'value'): string {
  if (typeof value !== 'object' || value === null) {
    checkLeaf(value, path);
    return JSON.stringify(value) ?? 'null';
  }
  const parts = members(value, path);
  if (Array.isArray(value)) return `[${parts.map(([where, item]) => canonicalJson(item, where)).join(',')}]`;
  const record = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record).filter((key) => record[key] !== undefined).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key], `${path}.${key}`)}`).join(',')}}`;
}
