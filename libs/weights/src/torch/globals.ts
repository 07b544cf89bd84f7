// The Python names that a weight file may use, and what each stands for here. Nothing else is ever looked up, and none of it runs Python.
import { Damage, isCount, isKind, say, type Element, type Pickled, type Storage, type TorchTensor } from './values.ts';

const storageElements: ReadonlyMap<string, Element> = new Map([
  ['torch.FloatStorage', 'float32'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
  ['torch.storage.UntypedStorage', 'uint8'],
  ['torch.UntypedStorage', 'uint8'],
]);
const dtypeNames: ReadonlySet<string> = new Set([
  'float32',
  'float16',
  'bfloat16',
  'float64',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
]);
const otherDtypes = ['uint16', 'uint32', 'uint64', 'float8_e4m3fn', 'float8_e5m2', 'complex64', 'complex128'];

/** More dimensions than any tensor has. */
const MAX_DIMS = 16;

function counts(what: string, value: Pickled | undefined): readonly number[] {
  if (!Array.isArray(value) || value.length > MAX_DIMS || !value.every(isCount))
    throw new Damage(
      `a tensor's ${what}: expected at most ${MAX_DIMS} whole numbers from 0, got ${Array.isArray(value) ? `[${value.slice(0, MAX_DIMS).map(say).join(', ')}]` : say(value)}`,
    );
  return value as number[];
}
function view(args: readonly Pickled[], element?: TorchTensor['element']): TorchTensor {
  const [storage, offset, size, stride] = args;
  if (!isKind(storage, 'storage')) throw new Damage(`a tensor: expected a storage, got ${say(storage)}`);
  if (!isCount(offset)) throw new Damage(`a tensor's offset: expected a whole number from 0, got ${say(offset)}`);
  const [shape, strides] = [counts('shape', size), counts('strides', stride)];
  if (shape.length !== strides.length)
    throw new Damage(`a tensor: expected as many strides as dimensions, got ${strides.length} for ${shape.length}`);
  return { kind: 'tensor', storage, element: element ?? storage.element, offset, shape, strides };
}
function dtypeOf(value: Pickled | undefined): TorchTensor['element'] {
  const name = isKind(value, 'name') ? value.name.replace(/^torch\./, '') : '';
  if (!dtypeNames.has(name) && !otherDtypes.includes(name))
    throw new Damage(`a tensor's element type: expected one of torch's, got ${say(value)}`);
  return dtypeNames.has(name) ? (name as Element) : { unsupported: name };
}
function first(what: string, args: readonly Pickled[]): TorchTensor {
  if (!isKind(args[0], 'tensor')) throw new Damage(`${what}: expected a tensor, got ${say(args[0])}`);
  return args[0];
}

/** What calling a name makes. */
const calls: ReadonlyMap<string, (args: readonly Pickled[]) => Pickled> = new Map<string, (args: readonly Pickled[]) => Pickled>([
  ['torch._utils._rebuild_tensor', (args) => view(args)],
  ['torch._utils._rebuild_tensor_v2', (args) => view(args)],
  ['torch._utils._rebuild_tensor_v3', (args) => view(args, dtypeOf(args[6]))],
  ['torch._utils._rebuild_parameter', (args) => first('a parameter', args)],
  ['torch._utils._rebuild_parameter_with_state', (args) => first('a parameter', args)],
  [
    'torch._tensor._rebuild_from_type_v2',
    ([rebuild, , args]) => {
      if (!isKind(rebuild, 'name') || !rebuild.name.startsWith('torch._utils._rebuild_') || !Array.isArray(args))
        throw new Damage(`a tensor: expected how to rebuild it, got ${say(rebuild)}`);
      return call(rebuild.name, args) ?? null;
    },
  ],
  ['torch.Size', ([size]) => (Array.isArray(size) ? size : [])],
  ['collections.OrderedDict', ([entries]) => dictionary(entries)],
  ['collections.Counter', ([entries]) => dictionary(entries)],
  ['collections.defaultdict', ([, entries]) => dictionary(entries)],
  ['builtins.set', ([members]) => new Set(Array.isArray(members) ? members : [])],
]);
/** Called, these give something of which only the name is kept: leftovers of trainings beside the weights, and the dictionary of parameters that textual inversion saved first. */
const opaqueCalls: ReadonlySet<string> = new Set([
  'torch.device',
  'torch.nn.modules.container.ParameterDict',
  'numpy.dtype',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
  '_codecs.encode',
  // The settings of a training, in full checkpoints of DINO and others.
  'argparse.Namespace',
]);
/** Only ever mentioned: calling one of them is refused. */
const mentions: ReadonlySet<string> = new Set([
  ...storageElements.keys(),
  ...[...dtypeNames, ...otherDtypes].map((name) => `torch.${name}`),
  ...['list', 'dict', 'int', 'float', 'str', 'bool'].map((name) => `builtins.${name}`),
  'torch.Tensor',
  'torch.nn.parameter.Parameter',
  // Lightning names its callbacks by their class in every checkpoint of its first years, Stable Diffusion's among them.
  'pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint',
]);

function dictionary(entries: Pickled | undefined): Map<Pickled, Pickled> {
  if (entries instanceof Map) return entries;
  const pairs = Array.isArray(entries) ? entries : [];
  return new Map(pairs.filter((pair): pair is [Pickled, Pickled] => Array.isArray(pair) && pair.length === 2));
}

/** Python 2's names of the modules that Python 3 renamed. */
export const fullName = (module: string, name: string): string => `${module === '__builtin__' ? 'builtins' : module}.${name}`;
export const isKnown = (name: string): boolean => calls.has(name) || opaqueCalls.has(name) || mentions.has(name);
/** What calling a name gives; undefined for a name that must not be called. Throws Damage for arguments that do not fit. */
export function call(name: string, args: readonly Pickled[]): Pickled | undefined {
  if (opaqueCalls.has(name)) return { kind: 'object', name, state: null };
  return calls.get(name)?.(args);
}

/** The storage that a persistent id describes: ('storage', type, key, place, count), and in the legacy format the part of it that is meant. Throws Damage. */
export function storageOf(id: Pickled): Storage {
  const [tag, type, key, , count, part] = Array.isArray(id) ? id : [];
  const element = isKind(type, 'name') ? storageElements.get(type.name) : undefined;
  if (tag !== 'storage' || !element || typeof key !== 'string' || !isCount(count))
    throw new Damage(
      `a persistent id: expected ('storage', type, key, place, count), got (${Array.isArray(id) ? id.slice(0, 6).map(say).join(', ') : say(id)})`,
    );
  if (part === undefined || part === null) return { kind: 'storage', key, element, start: 0, count };
  const [, start, length] = Array.isArray(part) ? part : [];
  if (!isCount(start) || !isCount(length) || start + length > count)
    throw new Damage(`storage ${key.slice(0, 80)}: expected a part within its ${count} elements, got ${say(start)} and ${say(length)}`);
  return { kind: 'storage', key, element, start, count: length };
}
