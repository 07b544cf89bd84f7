// A machine for pickles, protocols 0 to 5, that can only build data: there is no Python behind it, and a name that it does not know stays a name.
import { call, fullName, isKnown, storageOf } from './globals.ts';
import { Damage, isCount, isKind, say, type Name, type Pickled, type Storage } from './values.ts';

/** Work that a pickle may ask for: opcodes and copied elements. The pickles of checkpoints with thousands of tensors need a tenth of it. */
const MAX_WORK = 2_000_000;
const MAX_INTEGER_BYTES = 64;
const MAX_NAME = 200;

export interface Unpickled {
  readonly value: Pickled;
  /** Where the next byte after the pickle is. */
  readonly end: number;
  /** Names that are not known as data, or that are but were called. The value is of no use unless this is empty. */
  readonly refused: ReadonlySet<string>;
  /** Every storage that the pickle names, by its key. */
  readonly storages: ReadonlyMap<string, Storage>;
}

/** Runs one pickle that begins at `start`. Throws Damage for one that is cut short, malformed or asks for too much, unless it was found to name what is refused. */
export function unpickle(bytes: Buffer, start: number): Unpickled {
  const refused = new Set<string>();
  try {
    return build(bytes, start, refused);
  } catch (error) {
    if (!(error instanceof Damage) || refused.size === 0) throw error;
    return { value: null, end: bytes.length, refused, storages: new Map() };
  }
}

function build(bytes: Buffer, start: number, refused: Set<string>): Unpickled {
  const memo = new Map<number, Pickled>();
  const storages = new Map<string, Storage>();
  const marks: Pickled[][] = [];
  let stack: Pickled[] = [];
  let at = start;
  let work = 0;

  const fault = (why: string): never => {
    throw new Damage(`the pickle at byte ${at}: ${why}`);
  };
  const spend = (amount: number): void => {
    work += amount;
    if (work > MAX_WORK) fault(`expected at most ${MAX_WORK} steps`);
  };
  /** Moves over bytes, and says where they began. */
  const skip = (length: number): number => {
    if (length > bytes.length - at) fault(`expected ${length} more bytes, got ${bytes.length - at}`);
    at += length;
    return at - length;
  };
  const byte = () => bytes[skip(1)]!;
  const uint16 = () => bytes.readUInt16LE(skip(2));
  const uint32 = () => bytes.readUInt32LE(skip(4));
  const uint64 = () => Number(bytes.readBigUInt64LE(skip(8)));
  const raw = (length: number): Buffer => {
    const from = skip(length);
    return bytes.subarray(from, from + length);
  };
  const text = (length: number): string => {
    const data = raw(length);
    try {
      return utf8.decode(data);
    } catch {
      return fault('expected UTF-8');
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) fault('expected the end of a line');
    const data = bytes.toString('latin1', at, end);
    at = end + 1;
    return data.replace(/\r$/, '');
  };
  const integer = (digits: string): number | bigint => {
    if (!/^[+-]?\d{1,150}$/.test(digits)) fault(`expected a whole number, got ${say(digits)}`);
    return narrow(BigInt(digits));
  };
  const long = (length: number): number | bigint => {
    if (length > MAX_INTEGER_BYTES) fault(`expected a whole number of at most ${MAX_INTEGER_BYTES} bytes, got ${length}`);
    let value = 0n;
    for (const [i, part] of raw(length).entries()) value |= BigInt(part) << BigInt(8 * i);
    return narrow(BigInt.asIntN(8 * length, value));
  };

  const push = (value: Pickled) => void stack.push(value);
  const pop = (): Pickled => (stack.length > 0 ? stack.pop()! : fault('expected a value on the stack'));
  const top = (): Pickled => (stack.length > 0 ? stack[stack.length - 1]! : fault('expected a value on the stack'));
  /** What was pushed since the last mark. */
  const sinceMark = (): Pickled[] => {
    const items = stack;
    stack = marks.pop() ?? fault('expected a mark');
    return items;
  };
  const lastOf = (count: number): Pickled[] =>
    stack.length >= count ? stack.splice(stack.length - count) : fault(`expected ${count} values on the stack`);
  const append = (items: readonly Pickled[]) => {
    const list = top();
    if (isKind(list, 'object')) return;
    if (!Array.isArray(list)) return fault(`expected a list, got ${say(list)}`);
    for (const item of items) list.push(item);
  };
  const setItems = (items: readonly Pickled[]) => {
    const map = top();
    if (items.length % 2 > 0) fault('expected a value for every key');
    if (isKind(map, 'object')) return;
    if (!(map instanceof Map)) return fault(`expected a dictionary, got ${say(map)}`);
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
  };
  const dictionaryOf = (items: readonly Pickled[]) => {
    push(new Map());
    setItems(items);
  };
  const addItems = (items: readonly Pickled[]) => {
    const set = top();
    if (!(set instanceof Set)) return fault(`expected a set, got ${say(set)}`);
    for (const item of items) set.add(item);
  };
  const named = (module: string, name: string): Name => {
    const full = fullName(module, name).slice(0, MAX_NAME);
    if (!isKnown(full)) refused.add(full);
    return { kind: 'name', name: full };
  };
  const apply = (callee: Pickled, args: Pickled): Pickled => {
    if (!isKind(callee, 'name')) return fault(`expected a name to call, got ${say(callee)}`);
    if (!Array.isArray(args)) return fault(`expected a tuple of arguments, got ${say(args)}`);
    for (const arg of args) if (Array.isArray(arg)) spend(arg.length);
    const made = isKnown(callee.name) ? call(callee.name, args) : undefined;
    if (made !== undefined) return made;
    refused.add(callee.name);
    return { kind: 'object', name: callee.name, state: null };
  };
  const setState = (state: Pickled) => {
    const object = top();
    // The attributes of an OrderedDict (PyTorch's `_metadata`) and of a tensor say nothing about weights.
    if (isKind(object, 'object')) object.state = state;
  };
  const recall = (index: number): Pickled => {
    const value = memo.get(index);
    return value === undefined ? fault(`expected a value kept as ${index}`) : value;
  };
  const key = (digits: string): number => {
    const index = integer(digits);
    return isCount(index) ? index : fault(`expected an index from 0, got ${digits}`);
  };

  for (;;) {
    spend(1);
    const code = byte();
    switch (code) {
      case op.PROTO: {
        const protocol = byte();
        if (protocol > 5) fault(`expected a protocol up to 5, got ${protocol}`);
        break;
      }
      case op.FRAME:
        if (uint64() > bytes.length - at) fault('expected a frame within the data');
        break;
      case op.STOP:
        return { value: pop(), end: at, refused, storages };
      case op.MARK:
        marks.push(stack);
        stack = [];
        break;
      case op.POP:
        // A mark right below is what Python would remove here.
        if (stack.length > 0) stack.pop();
        else sinceMark();
        break;
      case op.POP_MARK:
        sinceMark();
        break;
      case op.DUP:
        push(top());
        break;

      case op.NONE:
        push(null);
        break;
      case op.NEWTRUE:
        push(true);
        break;
      case op.NEWFALSE:
        push(false);
        break;
      case op.INT: {
        const digits = line();
        push(digits === '00' ? false : digits === '01' ? true : integer(digits));
        break;
      }
      case op.LONG:
        push(integer(line().replace(/L$/, '')));
        break;
      case op.BININT:
        push(bytes.readInt32LE(skip(4)));
        break;
      case op.BININT1:
        push(byte());
        break;
      case op.BININT2:
        push(uint16());
        break;
      case op.LONG1:
        push(long(byte()));
        break;
      case op.LONG4:
        push(long(uint32()));
        break;
      case op.FLOAT: {
        const digits = line();
        if (!/^[+-]?(\d[\d.eE+-]*|\.\d[\deE+-]*|inf|nan)$/.test(digits)) fault(`expected a number, got ${say(digits)}`);
        push(Number(digits.replace('inf', 'Infinity').replace('nan', 'NaN')));
        break;
      }
      case op.BINFLOAT:
        push(bytes.readDoubleBE(skip(8)));
        break;

      case op.STRING:
        push(line().replace(/^(['"])(.*)\1$/, '$2'));
        break;
      case op.BINSTRING:
        push(raw(uint32()).toString('latin1'));
        break;
      case op.SHORT_BINSTRING:
        push(raw(byte()).toString('latin1'));
        break;
      case op.UNICODE:
        push(line().replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
        break;
      case op.BINUNICODE:
        push(text(uint32()));
        break;
      case op.SHORT_BINUNICODE:
        push(text(byte()));
        break;
      case op.BINUNICODE8:
        push(text(uint64()));
        break;
      case op.BINBYTES:
        push(raw(uint32()));
        break;
      case op.SHORT_BINBYTES:
        push(raw(byte()));
        break;
      case op.BINBYTES8:
      case op.BYTEARRAY8:
        push(raw(uint64()));
        break;

      case op.EMPTY_LIST:
      case op.EMPTY_TUPLE:
        push([]);
        break;
      case op.LIST:
      case op.TUPLE:
        {
          const items = sinceMark();
          push(items);
        }
        break;
      case op.TUPLE1:
        push(lastOf(1));
        break;
      case op.TUPLE2:
        push(lastOf(2));
        break;
      case op.TUPLE3:
        push(lastOf(3));
        break;
      case op.APPEND:
        append([pop()]);
        break;
      case op.APPENDS:
        append(sinceMark());
        break;
      case op.EMPTY_DICT:
        push(new Map());
        break;
      case op.DICT:
        dictionaryOf(sinceMark());
        break;
      case op.SETITEM:
        setItems(lastOf(2));
        break;
      case op.SETITEMS:
        setItems(sinceMark());
        break;
      case op.EMPTY_SET:
        push(new Set());
        break;
      case op.ADDITEMS:
        addItems(sinceMark());
        break;
      case op.FROZENSET:
        {
          const items = sinceMark();
          push(new Set(items));
        }
        break;

      case op.PUT:
        memo.set(key(line()), top());
        break;
      case op.BINPUT:
        memo.set(byte(), top());
        break;
      case op.LONG_BINPUT:
        memo.set(uint32(), top());
        break;
      case op.MEMOIZE:
        memo.set(memo.size, top());
        break;
      case op.GET:
        push(recall(key(line())));
        break;
      case op.BINGET:
        push(recall(byte()));
        break;
      case op.LONG_BINGET:
        push(recall(uint32()));
        break;

      case op.GLOBAL:
        push(named(line(), line()));
        break;
      case op.STACK_GLOBAL: {
        const [module, name] = lastOf(2);
        if (typeof module !== 'string' || typeof name !== 'string') fault('expected the name of a global as two texts');
        else push(named(module, name));
        break;
      }
      case op.INST: {
        const name = named(line(), line());
        const args = sinceMark();
        push(apply(name, args));
        break;
      }
      case op.OBJ: {
        const [name, ...args] = sinceMark();
        push(apply(name ?? null, args));
        break;
      }
      case op.REDUCE:
      case op.NEWOBJ: {
        const [callee, args] = lastOf(2);
        push(apply(callee!, args!));
        break;
      }
      case op.NEWOBJ_EX: {
        const [callee, args] = lastOf(3);
        push(apply(callee!, args!));
        break;
      }
      case op.BUILD:
        setState(pop());
        break;
      case op.BINPERSID: {
        const storage = storageOf(pop());
        storages.set(storage.key, storage);
        push(storage);
        break;
      }
      default:
        fault(`expected an opcode that data needs, got 0x${code.toString(16).padStart(2, '0')}`);
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const narrow = (value: bigint): number | bigint =>
  BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;

/** Opcodes by their names in Python's pickletools. */
const op = {
  MARK: 0x28,
  EMPTY_TUPLE: 0x29,
  STOP: 0x2e,
  POP: 0x30,
  POP_MARK: 0x31,
  DUP: 0x32,
  BINBYTES: 0x42,
  SHORT_BINBYTES: 0x43,
  FLOAT: 0x46,
  BINFLOAT: 0x47,
  INT: 0x49,
  BININT: 0x4a,
  BININT1: 0x4b,
  LONG: 0x4c,
  BININT2: 0x4d,
  NONE: 0x4e,
  BINPERSID: 0x51,
  REDUCE: 0x52,
  STRING: 0x53,
  BINSTRING: 0x54,
  SHORT_BINSTRING: 0x55,
  UNICODE: 0x56,
  BINUNICODE: 0x58,
  EMPTY_LIST: 0x5d,
  APPEND: 0x61,
  BUILD: 0x62,
  GLOBAL: 0x63,
  DICT: 0x64,
  APPENDS: 0x65,
  GET: 0x67,
  BINGET: 0x68,
  INST: 0x69,
  LONG_BINGET: 0x6a,
  LIST: 0x6c,
  OBJ: 0x6f,
  PUT: 0x70,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  SETITEM: 0x73,
  TUPLE: 0x74,
  SETITEMS: 0x75,
  EMPTY_DICT: 0x7d,
  PROTO: 0x80,
  NEWOBJ: 0x81,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  LONG1: 0x8a,
  LONG4: 0x8b,
  SHORT_BINUNICODE: 0x8c,
  BINUNICODE8: 0x8d,
  BINBYTES8: 0x8e,
  EMPTY_SET: 0x8f,
  ADDITEMS: 0x90,
  FROZENSET: 0x91,
  NEWOBJ_EX: 0x92,
  STACK_GLOBAL: 0x93,
  MEMOIZE: 0x94,
  FRAME: 0x95,
  BYTEARRAY8: 0x96,
} as const;
