// Weight files of every form: what PyTorch finds in them is found here, nothing in them runs, and damage is named.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodedError, float32, type Tensor } from '@facewright/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { openTensorFile } from './open-tensor-file.ts';
import { readTensors } from './stored-tensor.ts';
import { writeSafetensors } from './safetensors/write.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const fixture = (name: string) => join(fixtures, 'torch', name);
const reference = JSON.parse(readFileSync(join(fixtures, 'torch.json'), 'utf8')) as {
  readonly expected: Record<string, Record<string, { dtype: string; shape: number[]; bytes: string }>>;
  readonly real: Record<string, { format: string; tensors: number; sha256: string }>;
};
const folder = mkdtempSync(join(tmpdir(), 'torch-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
function craft(bytes: Uint8Array | string, ending = 'pt'): string {
  const file = join(folder, `${count++}.${ending}`);
  writeFileSync(file, bytes);
  return file;
}
const bytesOf = ({ data }: Tensor): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
const failure = async (file: string): Promise<CodedError> => {
  try {
    await openTensorFile(file);
  } catch (error) {
    return error as CodedError;
  }
  throw new Error('the file was accepted');
};

describe('files that PyTorch saved', () => {
  it.each(Object.entries(reference.expected))('hold the values that torch.load finds: %s', async (name, expected) => {
    const { format, tensors } = await openTensorFile(fixture(name));
    expect(format).toBe(name.includes('legacy') ? 'torch-legacy' : 'torch-zip');
    const read = await readTensors(tensors);
    const got = [...read].map(([key, tensor]) => [
      key,
      { dtype: tensor.dtype, shape: tensor.dims, bytes: bytesOf(tensor).toString('base64') },
    ]);
    expect(Object.fromEntries(got)).toEqual(expected);
  });

  it('keep their tensors in the file, also those that share a storage; only other orders of rows and 16-bit integers are read', async () => {
    for (const name of ['kinds-zip.pt', 'kinds-legacy.pt']) {
      const { tensors } = await openTensorFile(fixture(name));
      const inMemory = [...tensors].filter(([, { kind }]) => kind === 'memory').map(([key]) => key);
      expect(inMemory.sort()).toEqual(['channels last', 'expanded', 'short', 'sliced', 'transposed']);
      const [first, second] = [tensors.get('first')!, tensors.get('second')!];
      expect(first.kind === 'file' && second.kind === 'file' && second.offset - first.offset).toBe(8);
    }
  });

  it('give the weights of a training, without its optimiser, and numbers and texts beside them', async () => {
    for (const name of ['lightning.ckpt', 'lightning-legacy.ckpt']) {
      const { tensors, metadata } = await openTensorFile(fixture(name));
      expect([...tensors.keys()]).toEqual(['layer.weight', 'layer.bias']);
      expect(metadata).toEqual({ epoch: '3', global_step: '470000', 'pytorch-lightning_version': '1.4.2' });
    }
  });

  it('give averaged weights before others, and dictionaries within by names with dots', async () => {
    const { tensors } = await openTensorFile(fixture('params-ema.pth'));
    expect((await readTensors(tensors)).get('w')).toEqual(float32([2], [1, 1]));
    const nested = await openTensorFile(fixture('nested.pt'));
    expect([...nested.tensors.keys()]).toEqual(['unet.a', 'unet.deep.b']);
    expect(nested.metadata).toEqual({ step: '7' });
  });

  it('may hold the settings of a training beside the weights, as full checkpoints of DINO do', async () => {
    const { tensors, metadata } = await openTensorFile(fixture('settings.pth'));
    expect([...tensors.keys()]).toEqual(['student.w', 'teacher.w']);
    expect(metadata).toEqual({ epoch: '99' });
  });

  it.each(['malicious.pt', 'malicious-legacy.pt'])(
    'are refused where they ask for more than data, by its name, and nothing runs: %s',
    async (name) => {
      const error = await failure(fixture(name));
      expect(error.code).toBe('WEIGHTS_PICKLE');
      expect(error.message).toBe(
        `${fixture(name)}: expected a pickle of nothing but tensors and plain data, got one that asks for posix.system; nothing was run`,
      );
      expect(existsSync('/tmp/facewright-was-here')).toBe(false);
    },
  );

  const data = join(import.meta.dirname, '../../../../shared/data/weights');
  if (!existsSync(data)) console.warn(`\n*** SKIPPED: real PyTorch files are not at ${data} ***\n`);
  it.skipIf(!existsSync(data)).each(Object.entries(reference.real))(
    'that people use hold what torch.load finds: %s',
    async (name, real) => {
      const { format, tensors } = await openTensorFile(join(data, name));
      expect({ format, tensors: tensors.size }).toEqual({ format: real.format, tensors: real.tensors });
      expect([...tensors.values()].every(({ kind }) => kind === 'file')).toBe(true);
      const total = createHash('sha256');
      for (const [key, tensor] of await readTensors(tensors))
        total.update(`${key} ${tensor.dtype} ${tensor.dims.join('x')}\n`).update(bytesOf(tensor));
      expect(total.digest('hex')).toBe(real.sha256);
    },
  );
});

describe('weight files', () => {
  it('are told apart by what they hold, not by their ending', async () => {
    const tensors = new Map([['w', float32([2], [1, 2])]]);
    const file = join(folder, 'really-safetensors.ckpt');
    await writeSafetensors(file, tensors, { note: 'x' });
    const opened = await openTensorFile(file);
    expect(opened).toMatchObject({ format: 'safetensors', metadata: { note: 'x' } });
    expect(await readTensors(opened.tensors)).toEqual(tensors);
    for (const name of ['plain-zip.pt', 'plain-legacy.pt'])
      expect((await openTensorFile(craft(readFileSync(fixture(name)), 'safetensors'))).format).toBe(
        name.includes('zip') ? 'torch-zip' : 'torch-legacy',
      );
  });

  it.each<[string, () => string, string, string]>([
    ['a web page', () => craft('<!DOCTYPE html><html>', 'ckpt'), 'WEIGHTS_FORMAT', 'got text that begins with "<!DOCTYPE html><"'],
    [
      'a pointer of git LFS',
      () => craft('version https://git-lfs.github.com/spec/v1', 'safetensors'),
      'WEIGHTS_FORMAT',
      '"version https://',
    ],
    [
      'a picture',
      () => craft(Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), 'ckpt'),
      'WEIGHTS_FORMAT',
      'got one that begins with 89504e470d0a1a0a',
    ],
    ['an empty file', () => craft('', 'pth'), 'WEIGHTS_FORMAT', 'got an empty file'],
    ['a damaged safetensors file', () => craft('abc', 'safetensors'), 'WEIGHTS_SAFETENSORS', 'at least 8 bytes'],
    ['an absent file', () => join(folder, 'absent.pt'), 'WEIGHTS_UNREADABLE', 'absent.pt'],
    [
      'a pickle that torch.save did not write',
      () => craft(Buffer.from('\x80\x02}q\x00.', 'latin1')),
      'WEIGHTS_TORCH',
      'expected the mark of torch.save, got a dictionary',
    ],
    ['a file without tensors', () => legacy('}q\x00.'), 'WEIGHTS_TORCH', 'expected a dictionary of tensors, got one without any'],
    ['a list', () => legacy(']q\x00.'), 'WEIGHTS_TORCH', 'expected a dictionary of tensors, got a list'],
    ['a dictionary within itself', () => legacy('}q\x00U\x01ah\x00s.'), 'WEIGHTS_TORCH', 'dictionaries 32 deep'],
    ['dictionaries that double at every level', () => legacy(doubling), 'WEIGHTS_TORCH', 'at most 1000000 entries'],
    ['a number of a billion bytes', () => legacy('\x8b\x00\x00\x00\x40.'), 'WEIGHTS_TORCH', 'at most 64 bytes, got 1073741824'],
    [
      'a text of a trillion bytes',
      () => legacy('\x8d\x00\x00\x00\x00\x00\x01\x00\x00.'),
      'WEIGHTS_TORCH',
      'expected 1099511627776 more bytes',
    ],
    ['values that are not there', () => legacy('R.'), 'WEIGHTS_TORCH', 'expected 2 values on the stack'],
    ['an extension of the pickle format', () => legacy('\x82\x01.'), 'WEIGHTS_TORCH', 'expected an opcode that data needs, got 0x82'],
    [
      'a class that is known by name only, called',
      () => legacy('cpytorch_lightning.callbacks.model_checkpoint\nModelCheckpoint\n)R.'),
      'WEIGHTS_PICKLE',
      'ModelCheckpoint; nothing was run',
    ],
    [
      'a name that is looked up in parts',
      () => legacy('cbuiltins\ngetattr\n(cos\nsystem\nU\x01xtRU\x02idtR.'),
      'WEIGHTS_PICKLE',
      'asks for builtins.getattr, os.system',
    ],
    [
      'a tensor before its storage',
      () => legacy(tensorOf(4, -1, [1], [1])),
      'WEIGHTS_TORCH',
      "a tensor's offset: expected a whole number from 0, got -1",
    ],
    [
      'a tensor beyond its storage',
      () => legacy(tensorOf(4, 1, [2, 2], [2, 1])),
      'WEIGHTS_TORCH',
      'w: expected data within the 4 elements of its storage, got [2, 2] at 1',
    ],
    ['a tensor of negative size', () => legacy(tensorOf(4, 0, [-2], [1])), 'WEIGHTS_TORCH', "a tensor's shape"],
    [
      'a tensor with more strides than dimensions',
      () => legacy(tensorOf(4, 0, [2], [2, 1])),
      'WEIGHTS_TORCH',
      'as many strides as dimensions',
    ],
    [
      'a tensor that repeats one number without end',
      () => legacy(tensorOf(4, 0, [2 ** 30, 2 ** 20], [0, 0]), ['k'], [4]),
      'WEIGHTS_TORCH',
      'w: expected tensors that can be read within',
    ],
    [
      'a tensor past the end of the file',
      () => legacy(tensorOf(1000, 0, [1000], [1]), ['k'], [1000]),
      'WEIGHTS_TORCH',
      'cut short:\n  w: expected data within',
    ],
    [
      'a storage of another size than its tensors say',
      () => legacy(tensorOf(4, 0, [4], [1]), ['k'], [1]),
      'WEIGHTS_TORCH',
      'w: expected 16 bytes of data, got 4',
    ],
    ['a storage of negative size', () => legacy(tensorOf(4, 0, [4], [1]), ['k'], [-1]), 'WEIGHTS_TORCH', 'expected a count of elements'],
  ])('say what is wrong with %s', async (_, make, code, words) => {
    const file = make();
    const error = await failure(file);
    expect(error.code).toBe(code);
    expect(error.message).toContain(file);
    expect(error.message).toContain(words);
  });

  it.each(['plain-zip.pt', 'plain-legacy.pt', 'lightning.ckpt'])('are refused wherever they are cut: %s', async (name) => {
    const whole = readFileSync(fixture(name));
    const file = join(folder, 'cut');
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      const error = await failure(file);
      expect(error, `at ${length}`).toBeInstanceOf(CodedError);
      expect(['WEIGHTS_TORCH', 'WEIGHTS_FORMAT']).toContain(error.code);
      expect(error.message).toContain(file);
    }
  });

  it('name their tensors where they are cut', async () => {
    const whole = readFileSync(fixture('plain-legacy.pt'));
    expect((await failure(craft(whole.subarray(0, whole.length - 4)))).message).toContain('layer.bias: expected data within the 534 bytes');
  });

  it.each(['plain-zip.pt', 'plain-legacy.pt'])('never give what lies outside the file when a byte is flipped: %s', async (name) => {
    const whole = readFileSync(fixture(name));
    const file = join(folder, 'flipped');
    let refused = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const mask of [0xff, 0x01]) {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= mask;
        writeFileSync(file, bytes);
        try {
          const { tensors } = await openTensorFile(file);
          for (const stored of tensors.values())
            if (stored.kind === 'file') expect(stored.offset + stored.length, `at ${at}`).toBeLessThanOrEqual(whole.length);
          await readTensors(tensors);
        } catch (error) {
          expect(error, `at ${at}`).toBeInstanceOf(CodedError);
          expect((error as CodedError).code).toMatch(/^WEIGHTS_(TORCH|FORMAT|PICKLE)$/);
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});

describe('archives of PyTorch', () => {
  const pickle = Buffer.from(tensorOf(4, 1, [3], [1]), 'latin1');
  const numbers = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
  const whole = { 'x/data.pkl': pickle, 'x/byteorder': Buffer.from('little'), 'x/data/k': numbers };

  it('are read with and without the wide fields of files above 4 GB', async () => {
    for (const wide of [false, true]) {
      const { tensors } = await openTensorFile(craft(archive(whole, { wide })));
      expect(tensors.get('w')).toMatchObject({ kind: 'file', length: 12 });
      expect((await readTensors(tensors)).get('w')).toEqual(float32([3], [2, 3, 4]));
    }
  });

  it.each<[string, Uint8Array, string]>([
    ['compressed', archive(whole, { method: 8 }), 'expected uncompressed data, got compression 8'],
    ['without a pickle', archive({ 'x/weights': numbers }), 'expected an entry data.pkl as torch.save writes it'],
    ['without the data of a tensor', archive({ ...whole, 'x/data/k': undefined }), 'w: expected its data in data/k, got no such entry'],
    [
      'with less data than a tensor needs',
      archive({ ...whole, 'x/data/k': numbers.subarray(0, 12) }),
      'w: expected 16 bytes of data, got 12',
    ],
    [
      'of a machine with the other order of bytes',
      archive({ ...whole, 'x/byteorder': Buffer.from('big') }),
      'byteorder: expected little, got "big"',
    ],
    ['of a program', archive({ ...whole, 'x/constants.pkl': pickle }), 'got a TorchScript program'],
    ['whose pickle has another checksum', archive(whole, { crc: 1 }), 'expected data with the checksum 1'],
    ['whose data lie past the end', archive(whole, { shift: 1e6 }), 'entry "x/byteorder": expected its header at byte 1000140'],
  ])('are refused %s', async (_, bytes, words) => {
    const error = await failure(craft(bytes));
    expect(error.code).toBe('WEIGHTS_TORCH');
    expect(error.message).toContain(words);
  });
});

/** A zip of uncompressed entries; `wide` puts every size and place into zip64 fields, the others lie about all entries. */
function archive(
  entries: Readonly<Record<string, Uint8Array | undefined>>,
  { wide = false, method = 0, crc = 0, shift = 0 }: { wide?: boolean; method?: number; crc?: number; shift?: number } = {},
): Buffer {
  const [files, directory]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  const field = (bytes: number, value: number): Buffer => {
    const buffer = Buffer.alloc(bytes);
    if (bytes === 8) buffer.writeBigUInt64LE(BigInt(value));
    else buffer.writeUIntLE(value, 0, bytes);
    return buffer;
  };
  const full = (value: number) => (wide ? 0xffffffff : value);
  const present = Object.entries(entries).flatMap(([name, data]) => (data ? [[Buffer.from(name), data] as const] : []));
  for (const [name, data] of present) {
    const common = [
      field(2, 0),
      field(2, method),
      field(4, 0),
      field(4, crc),
      field(4, full(data.length)),
      field(4, full(data.length)),
      field(2, name.length),
    ];
    const extra = wide ? [field(2, 1), field(2, 24), field(8, data.length), field(8, data.length), field(8, at + shift)] : [];
    directory.push(
      Buffer.from('PK\x01\x02\0\0\0\0', 'latin1'),
      ...common,
      field(2, wide ? 28 : 0),
      field(4, 0),
      field(6, 0),
      field(4, full(at + shift)),
      name,
      ...extra,
    );
    const local = Buffer.concat([Buffer.from('PK\x03\x04\0\0', 'latin1'), ...common, field(2, 0), name, data]);
    files.push(local);
    at += local.length;
  }
  const [body, list] = [Buffer.concat(files), Buffer.concat(directory)];
  const count = present.length;
  const record = Buffer.concat([
    Buffer.from('PK\x06\x06', 'latin1'),
    field(8, 44),
    field(6, 0),
    field(6, 0),
    field(8, count),
    field(8, count),
    field(8, list.length),
    field(8, at),
  ]);
  const locator = Buffer.concat([Buffer.from('PK\x06\x07', 'latin1'), field(4, 0), field(8, at + list.length), field(4, 1)]);
  const shown = wide ? 0xffff : count;
  const end = Buffer.concat([
    Buffer.from('PK\x05\x06', 'latin1'),
    field(4, 0),
    field(2, shown),
    field(2, shown),
    field(4, full(list.length)),
    field(4, full(at)),
    field(2, 0),
  ]);
  return Buffer.concat([body, list, ...(wide ? [record, locator] : []), end]);
}

/** A legacy file around a pickle, with storages of the given counts and no data. */
function legacy(pickle: string, keys: readonly string[] = [], counts: readonly number[] = []): string {
  const head = Buffer.from(
    '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}U\x0dlittle_endian\x88s.\x80\x02',
    'latin1',
  );
  const list = Buffer.from(`\x80\x02](${keys.map((key) => `U${String.fromCharCode(key.length)}${key}`).join('')}e.`, 'latin1');
  const storages = counts.map((elements) => {
    const bytes = Buffer.alloc(8 + (elements < 100 ? Math.max(elements, 0) * 4 : 0));
    bytes.writeBigInt64LE(BigInt(elements));
    return bytes;
  });
  return craft(Buffer.concat([head, Buffer.from(pickle, 'latin1'), list, ...storages]));
}
/** The pickle of {'w': tensor} over one storage 'k'. */
function tensorOf(elements: number, offset: number, shape: readonly number[], strides: readonly number[]): string {
  const int = (value: number) => `I${value}\n`;
  const tuple = (values: readonly number[]) => `(${values.map(int).join('')}t`;
  const storage = `(U\x07storagectorch\nFloatStorage\nU\x01kU\x03cpu${int(elements)}tQ`;
  return `}U\x01wctorch._utils\n_rebuild_tensor_v2\n(${storage}${int(offset)}${tuple(shape)}${tuple(strides)}\x89}tRs.`;
}
/** Dictionaries that each hold the one before twice: 2^25 entries when they are walked. */
const doubling = `${'}q\x00'}${Array.from({ length: 25 }, () => '}U\x01ah\x00sU\x01bh\x00sq\x00').join('0')}.`;
