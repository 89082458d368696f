import { defineConfig } from 'vitest/config';

/** Needs a Chromium: CHROMIUM_PATH, or `chromium` on the PATH. Not part of `npm test`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
