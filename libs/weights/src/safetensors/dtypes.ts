// Element types of safetensors files and what they are called here.
import type { DType } from '@facewright/tensor';

export const dtypes: ReadonlyMap<string, DType> = new Map([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I8', 'int8'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]);

export const safetensorsName: ReadonlyMap<DType, string> = new Map([...dtypes].map(([name, dtype]) => [dtype, name]));
