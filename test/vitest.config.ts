import { defineConfig } from 'vitest/config';
import { closingLine } from './closing-line.ts';
import { SEED } from './support/seed.ts';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**'],
    setupFiles: ['test/support/properties.ts'],
    // Drawn here once, so that every file of a run with a random seed has the same one.
    env: { AUTOPACK_PROOF_SEED: String(SEED) },
    reporters: ['default', closingLine],
    maxWorkers: '100%',
    // Generous: neighbours on the machine make a test slow, and must not make it fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
