import type { Outcome } from './action.ts';

/** The longest summary that a row keeps, in characters. */
const SUMMARY_LENGTH = 240;

/**
 * What a row keeps of a verdict, a finding or a reason: the code, a summary cut to its length, and what the provider
 * calls the thing, where it said so. Whatever else the answer carries stays behind.
 */
export const outcomeOf = (answer: {
  readonly code: string;
  readonly summary: string;
  readonly resourceId?: string;
  readonly resourceStatus?: string;
}): Outcome => ({
  code: answer.code,
  summary: answer.summary.slice(0, SUMMARY_LENGTH),
  ...(answer.resourceId === undefined ? {} : { resourceId: answer.resourceId }),
  ...(answer.resourceStatus === undefined ? {} : { resourceStatus: answer.resourceStatus }),
});
