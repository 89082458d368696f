import type { CustomResourceAnswer } from './custom-resource.ts';

const TIMEOUT_MS = 5000;
const TRIES = 3;

/**
 * Puts the answer where CloudFormation waits for it: a presigned address, which is signed without a content type.
 * @throws Error after three tries; the invocation is then repeated by Lambda, and the work is idempotent.
 */
export const answerCustomResource = async (
  responseUrl: string,
  answer: CustomResourceAnswer,
): Promise<void> => {
  let failure: unknown;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      const reply = await fetch(responseUrl, {
        method: 'PUT',
        headers: { 'content-type': '' },
        body: JSON.stringify(answer),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (reply.ok) return;
      failure = new Error(`status ${reply.status}`);
    } catch (error) {
      failure = error;
    }
  }
  throw new Error('CloudFormation cannot be told', { cause: failure });
};
