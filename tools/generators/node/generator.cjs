// Nx generator: writes libs/nodes/<name>, a node library that passes lint and tests as generated. CommonJS, as Nx loads generators without a build.
const { formatFiles, generateFiles, joinPathFragments, names } = require('@nx/devkit');
const { join } = require('node:path');

module.exports = async function nodeGenerator(tree, { name, category = 'Images' }) {
  const folder = joinPathFragments('libs/nodes', name);
  if (tree.exists(folder)) throw new Error(`node ${name}: expected a name that is not taken, got the existing folder ${folder}`);
  const { propertyName } = names(name);
  const title = name.split('-').map((word) => word[0].toUpperCase() + word.slice(1)).join(' ');
  generateFiles(tree, join(__dirname, 'files'), folder, { name, category, title, propertyName, dot: '.' });
  await formatFiles(tree);
  return () => console.log(`\nNext: npm install, then list ${folder} in apps/server/src/builtin-nodes.ts and write run.ts.`);
};
