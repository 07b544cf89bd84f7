// The browser tests need Debian's Chromium: installs it where that is allowed, else says how.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const chromium = '/usr/bin/chromium';

export function ensureChromium(): void {
  if (existsSync(chromium)) return;
  const asRoot = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (asRoot) {
    console.log('Chromium is missing: installing it with apt-get …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'libvulkan1'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    });
  }
  if (existsSync(chromium)) return;
  console.error(`The browser tests need ${chromium}. Install it with:  sudo apt-get install chromium libvulkan1`);
  process.exit(1);
}
