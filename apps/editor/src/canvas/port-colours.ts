// The colour and the words of each kind of port: the same on slots, links, fields and in the palette.
import type { PortKind, PortType } from '@facewright/core';

const byKind: Readonly<Record<Exclude<PortKind, 'model'>, string>> = {
  image: '#6fbdf7',
  images: '#6fbdf7',
  faces: '#f7a1c4',
  prompts: '#bfe083',
  pairs: '#f2d16b',
  scores: '#b9a2ff',
  judgements: '#e6b8a2',
  training: '#ff9d76',
  report: '#63d8c5',
  models: '#d08cf2',
  variants: '#58d0ea',
  metrics: '#dcc3ff',
  text: '#c3cad6',
  number: '#8bd0bd',
  boolean: '#e3bb80',
  choice: '#c7b4ee',
  seed: '#9ccfe0',
  path: '#c0c3cd',
  any: '#e4e8ef',
  same: '#e4e8ef',
};
const byFamily: Readonly<Record<string, string>> = {
  diffusion: '#a58bfa',
  'face-score': '#e58ff0',
  'face-detector': '#ff8fa8',
  features: '#8da2ff',
  dino: '#5fc27e',
};
/** Families of third-party nodes. */
const otherModel = '#9c9cf0';
/** A slot of a node type, or of a port, that the server does not know. */
export const missingColour = '#ff7b7b';

export const portColour = (type: PortType): string => (type.kind === 'model' ? (byFamily[type.family] ?? otherModel) : byKind[type.kind]);
