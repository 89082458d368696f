import type { Reporter, TestModule } from 'vitest/node';

/** Prints the plain closing line that any CI can read: how many passed, failed and were skipped. */
export const closingLine: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      const before = counts.failed;
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
      // A file that cannot be loaded, or breaks in a hook, has no failed test to count and fails all the same.
      if (module.state() === 'failed' && counts.failed === before) counts.failed += 1;
    }
    const skipped = counts.skipped + counts.pending;
    console.log(
      `${counts.passed} passed, ${counts.failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`,
    );
  },
};
