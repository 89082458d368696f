import { runInNewContext } from 'node:vm';

/** As long as a test may take. Work of a test that uses this ends after a second or two, or after hours. */
const LIMIT_MS = 60_000;

/**
 * Runs synchronous work that must not be quadratic, or worse: give it so much that quadratic work cannot end in a
 * test's time. Work that does not end is broken off, where a test's own limit would wait for it for ever.
 * @throws Error `ERR_SCRIPT_EXECUTION_TIMEOUT`
 */
export const bounded = <Result>(work: () => Result): Result =>
  runInNewContext('work()', { work }, { timeout: LIMIT_MS }) as Result;
