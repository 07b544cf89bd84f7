// Coded errors of the models folder: finding, inspecting and downloading model files.
import { redact } from '@facewright/core';
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('LIBRARY', {
  ROOT: (path: string, from: string) => `models folder ${path} (${from}): expected a folder, got none`,
  FOLDER: (folder: string, known: readonly string[]) => `folder: expected one of ${known.join(', ')}, got ${folder || 'none'}`,
  NO_MODEL: (path: string) => `${path}: expected a model file or the folder of a model, got none`,
  URL: (url: string) => `${redact(url)}: expected a name of the catalogue or an http or https address, got neither`,
  INSECURE: (url: string) => `${redact(url)}: expected an https address, got another; --allow-host takes a host without encryption`,
  PRIVATE: (host: string, address: string) =>
    `${host}: expected an address of the internet, got ${address} of this computer or its network; --allow-host ${host} takes it`,
  REDIRECTS: (url: string, most: number) => `${redact(url)}: expected at most ${most} redirects, got more`,
  ENDLESS: (url: string, most: number) => `${redact(url)}: expected at most ${most} bytes, got more; nothing was kept`,
  FILE_NAME: (name: string) => `file name ${name || 'of nothing'}: expected a plain file name without folders, got one that is not`,
  UNVERIFIED: (name: string) =>
    `${name}: expected a SHA-256 to check the download by, got none; give one with --sha256, or take the file as it comes with --accept-unverified`,
  EXISTS: (path: string, want: string, got: string) =>
    `${path}: expected ${want}, got ${got}; it was left as it is. Rename or delete it to download again`,
  NOT_FOUND: (url: string) => `${redact(url)}: expected a file, got status 404: there is none at this address`,
  GATED: (url: string, status: number, folder: string) =>
    `${redact(url)}: expected a file, got status ${status}: this file needs a login or an accepted licence. Download it in the browser and put it into ${folder}`,
  STATUS: (url: string, status: number) => `${redact(url)}: expected a file, got status ${status}`,
  WEB_PAGE: (url: string) =>
    `${redact(url)}: expected a file, got a web page; use the address of the file itself, often the one of a download button`,
  SIZE: (url: string, want: number, got: number) => `${redact(url)}: expected ${want} bytes, got ${got}; nothing was kept`,
  HASH: (url: string, want: string, got: string) =>
    `${redact(url)}: expected SHA-256 ${want}, got ${got}; the download was deleted. The file was changed or damaged on its way`,
  NO_ROOM: (folder: string, want: number, got: number) => `disk of ${folder}: expected ${want} bytes free, got ${got}`,
  DROPPED: (url: string, tries: number, why: string) =>
    `${redact(url)}: expected the whole file, got ${why} ${tries} times in a row; run the same command again to go on from where it ended`,
  WRITE: (path: string, why: string) => `file ${path}: expected to write it, got ${why}`,
});
