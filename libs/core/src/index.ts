// The contract between node authors, engine, server and editor. No machine learning, no I/O.
export * from './errors.ts';
export * from './events.ts';
export * from './graph.ts';
export * from './node.ts';
export * from './port.ts';
export * from './values.ts';
