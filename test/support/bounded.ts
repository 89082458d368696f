import { runInNewContext } from 'node:vm';

/** Half of what a test may take. Work that is bounded ends after a second or two, or after minutes to hours. */
const LIMIT_MS = 60_000;

/**
 * Runs work that must not be quadratic, or worse: give it so much that quadratic work cannot end in a
 * test's time. Work that does not end is broken off, where a test's own limit would wait for it for ever.
 * What is awaited after the call returned is outside of the limit.
 * @throws Error `ERR_SCRIPT_EXECUTION_TIMEOUT`
 */
export const bounded = <Result>(work: () => Result): Result =>
  runInNewContext('work()', { work }, { timeout: LIMIT_MS }) as Result;
