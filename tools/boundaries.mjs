// Who may import whom, written once: the lint configuration and its canary read it.

/** layer -> layers it may import. */
const layers = {
  tensor: [],
  onnx: ['tensor'],
  weights: ['tensor', 'onnx'],
  models: ['tensor', 'onnx'],
  train: ['tensor', 'onnx', 'models'],
  library: ['tensor', 'core', 'models', 'weights'],
  runtime: ['tensor'],
  report: ['tensor'],
  core: ['tensor'],
  engine: ['tensor', 'core'],
  pipelines: ['tensor', 'core', 'onnx', 'models', 'weights', 'train'],
  node: ['tensor', 'core', 'onnx', 'models', 'weights', 'train', 'pipelines', 'report'],
  editor: ['core'],
  testing: ['tensor', 'core', 'engine'],
  app: ['*'],
};
/** What a *.spec.ts may import on top: the real runtime and the test helpers. */
const inSpecs = {
  onnx: ['testing', 'runtime'],
  weights: ['testing', 'runtime'],
  models: ['testing', 'runtime', 'weights'],
  train: ['testing', 'runtime'],
  library: ['testing'],
  runtime: ['testing', 'onnx'],
  core: ['testing'],
  engine: ['testing'],
  pipelines: ['testing', 'runtime'],
  node: ['testing', 'runtime'],
  testing: ['onnx', 'runtime'],
  editor: ['app', 'testing'],
};

const tag = (layer) => (layer === '*' ? '*' : `layer:${layer}`);
export const constraints = (specs) =>
  Object.entries(layers).map(([layer, may]) => ({
    sourceTag: tag(layer),
    onlyDependOnLibsWithTags: [...may, ...(specs ? (inSpecs[layer] ?? []) : [])].map(tag),
    ...(!['runtime', 'app'].includes(layer) && !specs && { bannedExternalImports: ['onnxruntime-*'] }),
  }));
/** Libraries that run in a browser or know no I/O: no Node.js built-in in their sources. */
export const withoutNode = ['libs/tensor', 'libs/onnx', 'libs/models', 'libs/report', 'libs/core', 'libs/engine', 'apps/editor'];
