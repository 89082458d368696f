import { type AwsReply, awsJsonError } from '../service.ts';
import type { SecretsFault, SecretsFaults } from '../ports.ts';
import type { Operation } from './inputs.ts';
import type { SecretsState } from './secrets.ts';

const READS: ReadonlySet<string> = new Set<Operation>(['GetSecretValue', 'DescribeSecret', 'ListSecrets']);

export interface FaultyService {
  readonly control: SecretsFaults;
  /** Runs an operation, disturbed by the first fault that fits it. */
  disturb(name: string, run: () => Promise<AwsReply>): Promise<AwsReply>;
  /** What a read sees: the state, or while reads lag the state before the last write. */
  seen(): SecretsState;
}

/**
 * Faults on demand, for whoever holds the host in its hands: there is no request that switches them. Without one
 * nothing is disturbed.
 */
export const faults = (read: () => SecretsState): FaultyService => {
  let waiting: { readonly fault: SecretsFault; left: number }[] = [];
  let lag = 0;
  let staleReads = 0;
  let before = read();

  const take = (name: string): SecretsFault | undefined => {
    const found = waiting.find(({ fault: { operation = name } }) => operation === name);
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) waiting = waiting.filter((each) => each !== found);
    return found.fault;
  };

  return {
    control: {
      inject(fault) {
        waiting.push({ fault, left: fault.times ?? 1 });
      },
      lagReads(reads) {
        lag = reads;
        staleReads = 0;
      },
      clear() {
        waiting = [];
        lag = 0;
        staleReads = 0;
      },
    },
    async disturb(name, run) {
      const fault = take(name);
      if (fault?.kind === 'throttle') return awsJsonError(400, 'ThrottlingException', 'Rate exceeded');
      if (fault?.kind === 'internalFailure')
        return awsJsonError(500, 'InternalServiceError', 'An error occurred on the server side.');
      const was = read();
      const reply = await run();
      if (lag > 0 && !READS.has(name) && read() !== was) {
        // What a read may still show is what was there before the oldest write that it has not seen.
        if (staleReads === 0) before = was;
        staleReads = lag;
      }
      return fault?.kind === 'lostReply' ? { ...reply, hangUp: true } : reply;
    },
    seen() {
      if (staleReads === 0) return read();
      staleReads -= 1;
      return before;
    },
  };
};
