/**
 * Every reason of the policies gate: what it means, what to do about it, and whether two people may set it aside for
 * a few hours (break-glass). Codes never change their meaning; `docs/policies.md` prints this table.
 */
export const GATE_REASONS = {
  MISSING: {
    means: 'The source is required and not watched: it is not in the registry, or it was retired.',
    action: 'Add it with `autopack policies add FILE`, and approve its first capture.',
    overridable: false,
  },
  READ_ERROR: {
    means: 'What is stored of the source cannot be read or understood, so nothing is known.',
    action: 'Look at the log line of the gate and mend the row; then propose the action again.',
    overridable: false,
  },
  BASELINE_PENDING: {
    means:
      'Nobody has approved a capture of the page as it is read today: it is new, or its reading was edited.',
    action: 'Open the source in the console, compare the extracted text with the page, and approve it.',
    overridable: false,
  },
  FUTURE_VERIFIED: {
    means: 'The last verification lies in the future, so a clock is wrong and no age can be trusted.',
    action: 'Find the wrong clock; the next check writes a true time.',
    overridable: false,
  },
  SOURCE_MOVED: {
    means: 'The page answers from another address, or is gone; what we watch may no longer be the policy.',
    action: 'Find the new address, edit the source (`autopack policies add FILE`), and approve its baseline.',
    overridable: false,
  },
  STALE: {
    means: 'The last usable, verified look at the page is as old as the source allows, or older.',
    action:
      'Run `autopack policies check ID --now`; if the page cannot be fetched, see its health, or upload a manual capture.',
    overridable: true,
  },
  UNACKED_DIFF: {
    means: 'The page changed and nobody has acknowledged exactly this change.',
    action:
      'Read the diff in the console or with `autopack policies diff ID`, adapt what you do, and acknowledge it.',
    overridable: true,
  },
  CANDIDATE: {
    means: 'A critical page shows something new that a second fetch has not confirmed yet.',
    action: 'Wait for the second fetch (15 minutes), or run `autopack policies check ID --now` after that.',
    overridable: true,
  },
  UNSTABLE: {
    means: 'The page switches between versions, and not all of them were acknowledged.',
    action: 'Look at the history of the source; acknowledge the versions, or mend its selectors.',
    overridable: true,
  },
} as const satisfies Record<
  string,
  { readonly means: string; readonly action: string; readonly overridable: boolean }
>;

export type GateReasonCode = keyof typeof GATE_REASONS;
export const GATE_REASON_CODES = Object.keys(GATE_REASONS) as readonly GateReasonCode[];

/** The codes that break-glass may name. What is not known can never be set aside. */
export const OVERRIDABLE = GATE_REASON_CODES.filter((code) => GATE_REASONS[code].overridable);
