import type { Reporter, TestModule } from 'vitest/node';
import { DEFAULT_SEED, SEED } from './support/seed.ts';

/**
 * Prints the plain closing line that any CI can read: how many passed, failed and were skipped. Before it, where
 * something failed or the seed is not the usual one, how to draw the same again.
 */
export const closingLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      const before = counts.failed;
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
      // A file that cannot be loaded, or breaks in a hook, has no failed test to count and fails all the same.
      if (module.state() === 'failed' && counts.failed === before) counts.failed += 1;
    }
    if (counts.failed > 0 || SEED !== DEFAULT_SEED) console.log(`AUTOPACK_PROOF_SEED=${SEED}`);
    const skipped = counts.skipped + counts.pending;
    console.log(
      `${counts.passed} passed, ${counts.failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`,
    );
  },
};
