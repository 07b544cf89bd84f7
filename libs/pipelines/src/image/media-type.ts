// Kinds of picture files by how they begin.
import { isPng } from '@facewright/core';

const webp = (bytes: Uint8Array): boolean => /^RIFF[^]{4}WEBP/.test(String.fromCharCode(...bytes.subarray(0, 12)));

export const mediaTypeOf = (bytes: Uint8Array): string => (isPng(bytes) ? 'image/png' : webp(bytes) ? 'image/webp' : 'image/jpeg');
