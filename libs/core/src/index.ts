// The contract between node authors, engine, server and editor. No machine learning, no I/O.
export * from './can-connect.ts';
export * from './catalogue.ts';
export * from './check-definition.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './graph.ts';
export * from './graph-json-schema.ts';
export * from './migrate-graph.ts';
export { nearest } from './nearest.ts';
export * from './needed-nodes.ts';
export * from './node.ts';
export * from './parse-graph.ts';
export * from './picture-graph.ts';
export * from './pictures-in.ts';
export * from './png-text.ts';
export * from './port.ts';
export * from './validate-graph.ts';
export * from './values.ts';
