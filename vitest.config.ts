import { defineConfig } from 'vitest/config';

// Two cores: two workers at most; numerical specs need more than the default five seconds when both are busy.
export default defineConfig({ test: { include: ['{apps,libs,tools,templates}/**/*.spec.ts'], testTimeout: 60_000, maxWorkers: 2 } });
