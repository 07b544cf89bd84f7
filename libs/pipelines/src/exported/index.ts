// Exported ONNX pipelines.
export { describeExport, type ExportDescription } from './exported-graph.ts';
export * from './open-exported.ts';
export * from './own-weights.ts';
export * from './read-export-folder.ts';
