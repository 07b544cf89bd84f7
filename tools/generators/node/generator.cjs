// Nx generator: writes libs/nodes/<name>, a node library that passes lint and tests as generated. CommonJS, as Nx loads generators without a build.
const { formatFiles, generateFiles, joinPathFragments, names, updateJson } = require('@nx/devkit');
const { join } = require('node:path');

module.exports = async function nodeGenerator(tree, { name, category = 'Images' }) {
  const folder = joinPathFragments('libs/nodes', name);
  if (tree.exists(folder)) throw new Error(`node ${name}: expected a name that is not taken, got the existing folder ${folder}`);
  const { propertyName } = names(name);
  const title = name
    .split('-')
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join(' ');
  generateFiles(tree, join(__dirname, 'files'), folder, { name, category, title, propertyName, dot: '.' });
  register(tree, name, propertyName);
  await formatFiles(tree);
  return () => console.log(`\nNext: npm install, then write ${folder}/src/run.ts.`);
};

const list = 'apps/server/src/builtin-nodes.ts';
const serverPackage = 'apps/server/package.json';

/** The server offers what its list names. */
function register(tree, name, propertyName) {
  const source = tree.read(list, 'utf8');
  const start = source.indexOf('export const packages');
  const end = source.lastIndexOf('];');
  const imports = source.slice(0, start).trimEnd();
  const entries = source.slice(start, end).trimEnd().replace(/,?$/, ',');
  tree.write(
    list,
    `${imports}\nimport { nodes as ${propertyName} } from '@facewright/node-${name}';\n\n${entries}\n  ...${propertyName},\n];\n`,
  );
  updateJson(tree, serverPackage, (json) => ({ ...json, dependencies: { ...json.dependencies, [`@facewright/node-${name}`]: '0.1.0' } }));
}
