import type { Host, InvokeResult } from './service.ts';

export interface DeliveryPolicy {
  readonly MaximumRetryAttempts?: number;
  readonly MaximumEventAgeInSeconds?: number;
}

const LONGEST_PAUSE_MS = 60_000;
/** Lambda itself repeats an asynchronous invocation twice when the function fails. */
const FUNCTION_ERROR_RETRIES = 2;

/**
 * Hands something to a target and repeats on failure, first after one second, then twice as long each time up to a
 * minute. A target that cannot be reached is tried as the policy says (AWS's defaults: 185 times, one day); a
 * function that fails is tried three times. Answers whether it arrived; what is given up is logged.
 */
export async function deliver(
  host: Host,
  what: string,
  policy: DeliveryPolicy | undefined,
  attempt: (number: number) => Promise<InvokeResult>,
): Promise<boolean> {
  const retries = policy?.MaximumRetryAttempts ?? 185;
  const giveUpAt = host.clock.now() + (policy?.MaximumEventAgeInSeconds ?? 86_400) * 1000;
  for (let retry = 0; ; retry += 1) {
    let failure: string;
    let allowed = retries;
    try {
      const result = await attempt(retry + 1);
      if (result.functionError === undefined) return true;
      failure = JSON.stringify(result.payload) ?? 'the function failed';
      allowed = Math.min(retries, FUNCTION_ERROR_RETRIES);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    const next = host.clock.now() + Math.min(1000 * 2 ** retry, LONGEST_PAUSE_MS);
    if (retry >= allowed || next > giveUpAt) {
      host.log(`${what}: gave up after ${retry + 1} attempts: ${failure.slice(0, 300)}`);
      return false;
    }
    await new Promise<void>((resolve) => {
      host.clock.at(next, resolve);
    });
  }
}
