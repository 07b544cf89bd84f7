// Which part of a saved file holds the weights, and under which names.
import { Damage, isKind, say, type Pickled, type TorchTensor } from './values.ts';

/** Where trainings put the weights beside other things, the ones meant for use first. */
const wrappers = ['state_dict', 'params_ema', 'params', 'model'];
const MAX_DEPTH = 32;
const MAX_ENTRIES = 1_000_000;
const MAX_NAME = 1024;

export interface StateDict {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** Numbers and texts that lie beside the tensors, such as epoch and global_step. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The tensors of a file by their names, dictionaries in dictionaries joined by dots. Throws Damage where there are none, or without end. */
export function stateDict(root: Pickled): StateDict {
  const entries = entriesOf(root);
  if (!entries) throw new Damage(`the saved value: expected a dictionary of tensors, got ${say(root)}`);
  const tensors = new Map<string, TorchTensor>();
  const metadata = new Map<string, string>();
  let seen = 0;
  const walk = (parts: Iterable<readonly [Pickled, Pickled]>, prefix: string, depth: number) => {
    for (const [key, value] of parts) {
      if (++seen > MAX_ENTRIES || depth > MAX_DEPTH)
        throw new Damage(`the saved value: expected at most ${MAX_ENTRIES} entries in dictionaries ${MAX_DEPTH} deep`);
      if (typeof key !== 'string' && typeof key !== 'number') continue;
      const name = `${prefix}${key}`;
      if (name.length > MAX_NAME)
        throw new Damage(`${name.slice(0, 80)}…: expected a name of at most ${MAX_NAME} letters, got ${name.length}`);
      if (isKind(value, 'tensor')) {
        if (tensors.has(name)) throw new Damage(`${name}: expected one tensor of this name, got several`);
        tensors.set(name, value);
      } else if (typeof value === 'string' || typeof value === 'number') metadata.set(name, String(value));
      else {
        const inner = entriesOf(value);
        if (inner) walk(inner, `${name}.`, depth + 1);
      }
    }
  };
  const wrapped =
    root instanceof Map && !hasTensor(root)
      ? wrappers.map((name) => entriesOf(root.get(name))).find((inner) => inner && reaches(inner))
      : undefined;
  if (wrapped)
    walk(
      [...entries].filter(([, value]) => typeof value === 'string' || typeof value === 'number'),
      '',
      0,
    );
  walk(wrapped ?? entries, '', 0);
  if (tensors.size === 0) throw new Damage('the saved value: expected a dictionary of tensors, got one without any');
  return { tensors, metadata: Object.fromEntries(metadata) };
}

const hasTensor = (entries: ReadonlyMap<Pickled, Pickled>): boolean => [...entries.values()].some((value) => isKind(value, 'tensor'));
/** Whether there are tensors in a dictionary or in one right within it. */
const reaches = (entries: ReadonlyMap<Pickled, Pickled>): boolean =>
  hasTensor(entries) || [...entries.values()].some((value) => value instanceof Map && hasTensor(value));

/** What a dictionary holds; a ParameterDict keeps its tensors among its own attributes, under the names in `_keys` or all together in `_parameters`. */
function entriesOf(value: Pickled | undefined): ReadonlyMap<Pickled, Pickled> | null {
  if (value instanceof Map) return value;
  if (!isKind(value, 'object') || !value.name.endsWith('.ParameterDict') || !(value.state instanceof Map)) return null;
  const { state } = value;
  const [keys, parameters] = [state.get('_keys'), state.get('_parameters')];
  return new Map([
    ...(parameters instanceof Map ? parameters : []),
    ...(keys instanceof Map ? [...keys.keys()].flatMap((key) => (state.has(key) ? [[key, state.get(key)!] as const] : [])) : []),
  ]);
}
