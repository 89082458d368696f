import * as z from 'zod';
import { epochMs, Subject, Timestamp, timestamp } from '../actions/identity.ts';
import { type GateReasonCode, OVERRIDABLE } from './gate-reasons.ts';
import { SourceId } from './source-id.ts';

/** The longest that two people may set a policy aside, in minutes. */
export const LONGEST_BREAK_GLASS_MINUTES = 240;

/** How many a project can have open at once; the oldest gives way. */
export const MOST_BREAK_GLASS = 20;

const Code = z.enum(OVERRIDABLE as [GateReasonCode, ...GateReasonCode[]]);

/** What one operator asks for and another confirms: these reasons of these sources count for nothing for a while. */
export const BreakGlassRequest = z.strictObject({
  sources: z.array(SourceId).min(1).max(20),
  codes: z
    .array(Code)
    .min(1)
    .max(OVERRIDABLE.length)
    .refine((codes) => new Set(codes).size === codes.length, 'a code is there twice; name each once'),
  /** Why it cannot wait for a person to read the page. Shown wherever it is in force. */
  reason: z.string().trim().min(10, 'say in at least ten characters why this cannot wait').max(500),
  /** Counted from the confirmation. */
  minutes: z
    .int()
    .min(1)
    .max(LONGEST_BREAK_GLASS_MINUTES, `at most ${LONGEST_BREAK_GLASS_MINUTES} minutes (4 hours)`),
});
export type BreakGlassRequest = z.infer<typeof BreakGlassRequest>;

/** A confirmed one, as the project's row carries it until it ends. The record of the change is never deleted. */
export const BreakGlass = BreakGlassRequest.extend({
  /** Version of the project that it came into force with; names it in decisions and outcomes. */
  version: z.int().positive(),
  openedAt: Timestamp,
  until: Timestamp,
  /** Who asked, who confirmed. */
  by: z.array(Subject).length(2),
});
export type BreakGlass = z.infer<typeof BreakGlass>;

/** Comes into force with its confirmation, and ends by itself. */
export const openBreakGlass = (
  request: BreakGlassRequest,
  version: number,
  at: Timestamp,
  by: readonly Subject[],
): BreakGlass => ({
  ...request,
  version,
  openedAt: at,
  until: timestamp(epochMs(at) + request.minutes * 60_000),
  by: [...by],
});

/**
 * What is in force at a moment: begun, not over, no longer than allowed, by two different people. Anything else is
 * nothing.
 */
export const inForce = (all: readonly BreakGlass[], now: number): readonly BreakGlass[] =>
  all.filter(({ openedAt, until, by }) => {
    const [from, to] = [epochMs(openedAt), epochMs(until)];
    return (
      from <= now &&
      now < to &&
      to - from <= LONGEST_BREAK_GLASS_MINUTES * 60_000 &&
      by[0]?.toLowerCase() !== by[1]?.toLowerCase()
    );
  });
