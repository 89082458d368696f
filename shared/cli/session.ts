import type { Parsed } from './arguments.ts';
import type { Exit } from './exit.ts';
import type { FollowDeps } from './follow.ts';
import type { Paint } from './show-action.ts';

/** What a command works with: the parsed command line and an API client that already carries the token. */
export interface Session extends FollowDeps {
  readonly parsed: Extract<Parsed, { kind: 'command' }>;
  /** The project of options and settings; CliError where there is none. */
  readonly project: () => string;
  readonly paint: Paint;
}

/** What a command prints: text on a terminal and JSON elsewhere, or the same bytes everywhere. */
export type Answer =
  | { readonly json: unknown; readonly text: string; readonly exit: Exit }
  | { readonly raw: string; readonly exit: Exit };
