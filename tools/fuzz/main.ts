// npm run test:fuzz [-- SUITE… --cases N --seed N --from N]: gives broken input to what reads input, in processes of its own, which may crash and hang. Exit code 1 for a finding.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CasesDone, Finding } from './run-cases.ts';
import { suites } from './suites.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cases: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' }, from: { type: 'string', default: '0' } },
});
const [cases, seed, first] = [values.cases, values.seed, values.from].map(Number) as [number, number, number];
const names = positionals.length > 0 ? positionals : Object.keys(suites);
const folder = mkdtempSync(join(tmpdir(), 'facewright-fuzz-'));
/** Beyond its own limit a case that does not end is taken to hang, ms. */
const PATIENCE_MS = 5000;
const HEAP_MB = 1024;

/** One process; ends early at a crash or a hang, with the case that did it. */
function runProcess(name: string, from: number, to: number): Promise<{ readonly done: CasesDone | null; readonly lost: Finding | null }> {
  const at = join(folder, 'case');
  const child = spawn(
    process.execPath,
    [
      '--expose-gc',
      `--max-old-space-size=${HEAP_MB}`,
      join(import.meta.dirname, 'run-cases.ts'),
      name,
      String(seed),
      String(from),
      String(to),
      join(folder, name),
      at,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let complaint = '';
  child.stdout.on('data', (data: Buffer) => (out = (out + data.toString()).slice(-100_000)));
  child.stderr.on('data', (data: Buffer) => (complaint = (complaint + data.toString()).slice(-2000)));
  const caseNow = (): number => {
    try {
      return readFileSync(at).readDoubleLE(0);
    } catch {
      return from;
    }
  };
  let [seen, since] = [-1, Date.now()];
  let hung = false;
  const watch = setInterval(() => {
    const now = caseNow();
    if (now !== seen) [seen, since] = [now, Date.now()];
    else if (Date.now() - since > suites[name]!.limitMs + PATIENCE_MS) {
      hung = true;
      child.kill('SIGKILL');
    }
  }, 250);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearInterval(watch);
      const line = out.trim().split('\n').at(-1) ?? '';
      if (code === 0 && line.startsWith('{')) resolve({ done: JSON.parse(line) as CasesDone, lost: null });
      else
        resolve({
          done: null,
          lost: { case: caseNow(), what: hung ? 'did not end' : `the process ended with ${signal ?? code}: ${complaint}` },
        });
    });
  });
}

const rows: string[] = [];
let found = 0;
for (const name of names) {
  const begun = performance.now();
  const findings: Finding[] = [];
  let [accepted, refused, longest] = [0, 0, 0];
  let memory: readonly [number, number] = [0, 0];
  for (let from = first; from < first + cases;) {
    const { done, lost } = await runProcess(name, from, first + cases);
    if (done) {
      accepted += done.accepted;
      refused += done.refused;
      longest = Math.max(longest, done.longest);
      memory = done.memory;
      findings.push(...done.findings);
      break;
    }
    findings.push(lost!);
    from = lost!.case + 1;
    if (findings.length > 20) break;
  }
  found += findings.length;
  for (const finding of findings) console.error(`${name} --seed ${seed} --from ${finding.case} --cases 1: ${finding.what}\n`);
  const mb = (bytes: number) => Math.round(bytes / 2 ** 20);
  rows.push(
    `| ${suites[name]!.about} | ${cases.toLocaleString('en')} | ${accepted.toLocaleString('en')} | ${refused.toLocaleString('en')} | ${findings.length} | ${Math.round(longest)} ms | ${mb(memory[0])} → ${mb(memory[1])} MB | ${Math.round((performance.now() - begun) / 1000)} s |`,
  );
  console.log(rows.at(-1));
}
rmSync(folder, { recursive: true, force: true });
console.log(
  `\n| what | cases | accepted | refused | findings | longest case | memory | time |\n|---|---|---|---|---|---|---|---|\n${rows.join('\n')}`,
);
process.exit(found > 0 ? 1 : 0);
