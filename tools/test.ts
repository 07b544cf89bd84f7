// The test command: types, lint with its canary, formatting, then every spec, the real browser's included. Ends with the line `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureChromium } from './ensure-chromium.ts';

const root = join(import.meta.dirname, '..');
const results = mkdtempSync(join(tmpdir(), 'facewright-test-'));
let passed = 0;
let failed = 0;

function check(title: string, command: string, ...args: string[]): void {
  console.log(`\n— ${title}`);
  const ok = spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
  if (ok) passed += 1;
  else failed += 1;
}

ensureChromium();
check('types', 'npm', 'run', '--silent', 'typecheck');
check('lint', 'node', 'tools/lint.ts');
check('formatting', 'prettier', '--check', '--log-level', 'warn', '.');
check('editor build', 'npm', 'run', '--silent', 'build', '--workspace', '@facewright/editor');

console.log('\n— specs');
const report = join(results, 'report.json');
const vitest = spawnSync('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], {
  cwd: root,
  stdio: 'inherit',
});
let skipped = 0;
try {
  const json = JSON.parse(readFileSync(report, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numFailedTestSuites: number;
  };
  passed += json.numPassedTests;
  skipped = json.numPendingTests;
  failed += json.numFailedTests;
  // A file that does not load counts no test: the exit status still says so.
  if (vitest.status !== 0 && json.numFailedTests === 0) failed += Math.max(1, json.numFailedTestSuites);
} catch {
  failed += 1;
}
rmSync(results, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(failed ? 1 : 0);
