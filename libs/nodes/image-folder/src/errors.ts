// Coded errors of the image folder node.
import { defineErrors, onLines } from '@facewright/tensor';

export const err = defineErrors('IMAGE_FOLDER', {
  NO_FOLDER: (folder: string, got: string) => `folder: expected an existing folder, got ${got} at ${folder}`,
  EMPTY: (folder: string) => `folder ${folder}: expected PNG, JPEG or WebP files, got none`,
  NO_PICTURE: (path: string, why: string) => `path: expected a picture, got ${path}, which cannot be read (${why})`,
  NO_ASSET: (input: string, name: string) =>
    `${input}: expected a picture that this server keeps, got ${name}, which it does not have; ${input === 'mask' ? 'paint the mask again' : 'drop the picture again'} (a graph from another machine names pictures of that machine)`,
  MASK_SIZE: (picture: string, want: readonly [number, number], got: readonly [number, number]) =>
    `mask: expected ${want[0]} x ${want[1]} pixels, the size of ${picture}, got ${got[0]} x ${got[1]}; paint the mask again, or leave the field empty`,
  UNREADABLE: (problems: readonly string[]) =>
    `folder: expected pictures, got ${problems.length} file(s) that cannot be read:${onLines(problems, 50)}`,
});
