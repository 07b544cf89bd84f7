// Builds the editor and the annotators' page into dist, or serves it with the API of a server on port 8288.
import { join } from 'node:path';
import { defineConfig } from 'vite';

const server = process.env['FACEWRIGHT_SERVER'] ?? 'http://127.0.0.1:8288';

export default defineConfig({
  root: import.meta.dirname,
  // Nothing is inlined as a data: URL, so the page needs no more than `font-src 'self'`.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2023',
    chunkSizeWarningLimit: 1200,
    // litegraph's own number field, which is never shown here, evaluates what is typed; the page's content security policy forbids it anyway.
    rolldownOptions: {
      checks: { eval: false },
      input: ['index.html', 'judge.html'].map((page) => join(import.meta.dirname, page)),
    },
  },
  server: { host: '127.0.0.1', port: 5173, proxy: { '/api': server, '/socket.io': { target: server, ws: true } } },
});
