#!/usr/bin/env node
// Starts the command line with the Node.js that comes with the project: it runs TypeScript directly, which an older one of the system may not.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

if (Number(process.versions.node.split('.')[0]) >= 26) {
  await import(main);
} else {
  const home = dirname(createRequire(import.meta.url).resolve('node/package.json'));
  const child = spawn(join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'), [main, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  child.on('error', (error) => {
    console.error(`facewright: expected the project's own Node.js at ${home}, got ${error.message}; run npm ci in the project folder`);
    process.exit(1);
  });
  // A terminal sends Ctrl-C to both processes; the other one decides when to end.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
