/** Exit codes of the CLI; `docs/cli.md` is generated from this table. */
export const EXITS = {
  ok: { code: 0, means: 'done, or accepted and still open when --wait was not asked for' },
  failed: {
    code: 1,
    means:
      'the action ended without success: FAILED, REJECTED, EXPIRED, CANCELLED, DENIED, INVALID; or `verify` found a fault',
  },
  usage: { code: 2, means: 'the command, a file or the settings do not fit; nothing was sent' },
  unreachable: {
    code: 3,
    means: 'Autopack or the identity provider does not answer; the same command may be repeated',
  },
  refused: { code: 4, means: 'Autopack refused; the message names the code and what to do' },
  open: { code: 5, means: 'still open when --timeout ended; the action goes on without the CLI' },
} as const;
export type Exit = keyof typeof EXITS;

/** Ends a command with a message for people. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exit: Exit;
  /** The problem document, where the API sent one. */
  readonly problem: unknown;
  constructor(exit: Exit, message: string, options: { problem?: unknown; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exit = exit;
    this.problem = options.problem;
  }
}
