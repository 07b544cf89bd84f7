// Lint rules: the layer boundaries, promises that nobody waits for, switches that forget a case. Formatting is Prettier's.
import nx from '@nx/eslint-plugin';
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';
import { constraints, withoutNode } from './tools/boundaries.mjs';

const boundaries = (files, ignores, specs) => ({
  files,
  ignores,
  plugins: { '@nx': nx },
  rules: { '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints: constraints(specs) }] },
});
const specs = ['**/*.spec.ts', '**/*.test-d.ts', '**/src/testing/**', '**/src/e2e/**', '**/fixtures/**'];

export default tseslint.config(
  { ignores: ['**/node_modules', '**/dist', '.nx', 'tools/generators/node/generator.cjs'] },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Use named exports: one name for one thing everywhere.' },
      ],
      eqeqeq: 'error',
    },
  },
  boundaries(['**/*.ts'], specs, false),
  boundaries(specs, [], true),
  {
    // Nx's rule does not see Node's built-ins, so they are named here.
    files: withoutNode.map((folder) => `${folder}/src/**/*.ts`),
    ignores: specs,
    rules: { 'no-restricted-imports': ['error', { patterns: ['node:*'], paths: builtinModules.filter((name) => !name.startsWith('_')) }] },
  },
  { files: ['**/vite.config.ts', 'vitest.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
