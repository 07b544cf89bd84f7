// Port values are plain data: made sure of, frozen, and written in one canonical way.
import { err } from './errors.ts';

/** Where in a value a walk is; turned into words only when something is wrong there. */
type Path = (string | number)[];
const wordsOf = ([subject, ...inside]: Path): string =>
  `${subject}${inside.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')}`;

function checkLeaf(value: unknown, path: Path): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw err.NOT_DATA(wordsOf(path), String(value));
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    throw err.NOT_DATA(wordsOf(path), `a ${typeof value}`);
}
function checkRecord(value: object, path: Path): asserts value is Readonly<Record<string, unknown>> {
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: string } } | null;
  if (prototype !== Object.prototype && prototype !== null)
    throw err.NOT_DATA(wordsOf(path), `a ${prototype.constructor?.name ?? 'live object'}`);
}

/**
 * Freezes a value in depth, so that a consumer which writes to it fails instead of changing what others see. Throws ENGINE_NOT_DATA for what would not
 * survive JSON: functions, class instances, typed arrays, NaN, cycles. `subject` names the value in that message.
 */
export function freezeData<T>(value: T, subject: string): T {
  const path: Path = [subject];
  const open = new Set<object>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return checkLeaf(part, path);
    if (open.has(part)) throw err.NOT_DATA(wordsOf(path), 'a value that contains itself');
    if (!Array.isArray(part)) checkRecord(part, path);
    open.add(part);
    for (const [key, item] of Array.isArray(part) ? part.entries() : Object.entries(part)) {
      path.push(key);
      visit(item);
      path.pop();
    }
    open.delete(part);
    Object.freeze(part);
  };
  visit(value);
  return value;
}

/**
 * JSON with keys sorted by code unit and no spaces; absent and undefined members are the same, and so are -0 and 0, because a saved graph cannot tell them
 * apart. Throws ENGINE_NOT_DATA for what JSON would silently turn into null.
 */
export function canonicalJson(value: unknown): string {
  const path: Path = ['value'];
  const write = (part: unknown, key?: string | number): string => {
    if (key !== undefined) path.push(key);
    let text: string;
    if (typeof part !== 'object' || part === null) {
      checkLeaf(part, path);
      text = JSON.stringify(part) ?? 'null';
    } else if (Array.isArray(part)) text = `[${part.map(write).join(',')}]`;
    else {
      checkRecord(part, path);
      const keys = Object.keys(part)
        .filter((name) => part[name] !== undefined)
        .sort();
      text = `{${keys.map((name) => `${JSON.stringify(name)}:${write(part[name], name)}`).join(',')}}`;
    }
    if (key !== undefined) path.pop();
    return text;
  };
  return write(value);
}
