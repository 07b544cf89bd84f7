// Coded errors of the image folder node.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('IMAGE_FOLDER', {
  NO_FOLDER: (folder: string, got: string) => `folder: expected an existing folder, got ${got} at ${folder}`,
  EMPTY: (folder: string) => `folder ${folder}: expected PNG, JPEG or WebP files, got none`,
  NO_PICTURE: (path: string, why: string) => `path: expected a picture, got ${path}, which cannot be read (${why})`,
  UNREADABLE: (problems: readonly string[]) =>
    `folder: expected pictures, got ${problems.length} file(s) that cannot be read:${problems.map((p) => `\n  ${p}`).join('')}`,
});
