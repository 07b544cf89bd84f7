// Coded errors of picture lists and shards.
import { defineErrors, listed } from '@facewright/tensor';

const some = (names: readonly string[]) => (names.length > 0 ? listed(names, 40) : 'none');

export const err = defineErrors('PICTURE_LIST', {
  NO_FILE: (input: string, path: string, got: string) => `${input}: expected an existing file, got ${got} at ${path}`,
  FORMAT: (path: string) => `list ${path}: expected a file that ends in .jsonl, .csv, .tsv or .parquet`,
  UNREADABLE: (path: string, format: string, why: string) =>
    `list ${path}: expected ${format}, got something that cannot be read as such (${why})`,
  COLUMN: (input: string, column: string, columns: readonly string[]) =>
    `${input}: expected a column of the list, got ${column}; it has ${some(columns)}`,
  NO_PICTURES: (columns: readonly string[]) =>
    `list: expected a column with paths of pictures, such as image or file_name, got the columns ${some(columns)}; name yours in the input picture`,
  ADDRESSES: (column: string) =>
    `list: expected a column with paths of pictures on this machine, got addresses of the web alone, in ${column}; they are not fetched: download the pictures first, with img2dataset for instance`,
  EMPTY: (what: string) => `${what}: expected at least one picture, got none`,
  NO_SHARDS: (folder: string, shards: string) => `path: expected shards in ${folder} with names like ${shards}, got none`,
  PROBLEMS: (what: string, count: number, listed: string) => `${what}: expected pictures, got ${count} that cannot be read:${listed}`,
});
