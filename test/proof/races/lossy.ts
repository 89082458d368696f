import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** What becomes of one request on the wire. `goneForGood` loses the reply and the SDK does not try again. */
export type Fate = 'delivered' | 'requestLost' | 'replyLost' | 'goneForGood';

const reset = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

/** The caller never learns what became of its request. */
export class GoneForGoodError extends Error {
  override readonly name = 'GoneForGoodError';
}

/** Loses requests and replies beneath the retries of the SDK, which sees a reset connection as it would see a real one. */
export const loseSome = (
  client: DynamoDBClient,
  fateOf: () => Fate | Promise<Fate>,
  onLost: () => void = () => undefined,
): void => {
  client.middlewareStack.add(
    (next) => async (args) => {
      const fate = await fateOf();
      if (fate === 'requestLost') throw reset();
      if (fate === 'delivered') return next(args);
      await next(args).catch(() => undefined);
      onLost();
      throw fate === 'replyLost' ? reset() : new GoneForGoodError('the reply never came');
    },
    { step: 'finalizeRequest', priority: 'low', name: 'loseSome' },
  );
};

/** Whether a call ended without an answer, at once or after all retries of the SDK. */
export const isLost = (error: unknown): boolean =>
  error instanceof GoneForGoodError ||
  (error instanceof Error && 'code' in error && error.code === 'ECONNRESET');
