// Lints the workspace. First a canary: imports that the layers forbid must be refused, or the rules are not at work (Nx skips them silently when it has no project graph).
import { createProjectGraphAsync } from '@nx/devkit';
import { ESLint } from 'eslint';

await createProjectGraphAsync({ exitOnError: true });
// No cache: what the layer rule says of a file depends on other files.
const eslint = new ESLint();

const forbidden = [
  { file: 'libs/tensor/src/index.ts', code: "import '@facewright/core';\n", rule: '@nx/enforce-module-boundaries' },
  { file: 'libs/nodes/prompts/src/index.ts', code: "import '@facewright/runtime';\n", rule: '@nx/enforce-module-boundaries' },
  { file: 'libs/nodes/prompts/src/index.ts', code: "import '@facewright/node-sampler';\n", rule: '@nx/enforce-module-boundaries' },
  { file: 'libs/models/src/index.ts', code: "import 'onnxruntime-node';\n", rule: '@nx/enforce-module-boundaries' },
  { file: 'libs/core/src/index.ts', code: "import 'node:fs';\n", rule: 'no-restricted-imports' },
];
for (const { file, code, rule } of forbidden) {
  const [result] = await eslint.lintText(code, { filePath: file });
  if (!result?.messages.some((message) => message.ruleId === rule)) {
    console.error(`lint: expected ${rule} to refuse ${code.trim()} in ${file}, got ${JSON.stringify(result?.messages ?? [])}`);
    process.exit(1);
  }
}
const results = await eslint.lintFiles(process.argv.length > 2 ? process.argv.slice(2) : ['.']);
const text = await (await eslint.loadFormatter('stylish')).format(results);
if (text) console.log(text);
const failures = results.reduce((sum, result) => sum + result.errorCount + result.warningCount, 0);
console.log(
  failures ? `lint: ${failures} problems` : `lint: ${results.length} files, and the canary was refused ${forbidden.length} times`,
);
process.exit(failures ? 1 : 0);
