// What the command line is made of, for tools that run graphs.
export { applySettings } from './apply-settings.ts';
export { err } from './errors.ts';
export { openLocalSource, type LocalOptions } from './local-source.ts';
export { runCommand, type RunCommand } from './run-command.ts';
export type { RunSource } from './run-source.ts';
