/** The commands of the CLI, as the parser, `--help` and `docs/cli.md` see them. */
export interface CommandSpec {
  readonly usage: string;
  readonly summary: string;
  /** Names of positional arguments, all needed but those in brackets, which come last. */
  readonly arguments: readonly string[];
  /** Options of this command, beside those that every command has. */
  readonly options: readonly OptionName[];
  /** Whose token it takes: a signed-in person's only, or an agent's where there is one. */
  readonly as: 'person' | 'any' | 'nobody';
}

export const OPTIONS = {
  wait: { type: 'boolean', text: 'follow the action to its end' },
  timeout: { type: 'string', value: 'SECONDS', text: 'how long --wait follows (default 600)' },
  key: { type: 'string', value: 'KEY', text: 'the idempotency key; wins over the file' },
  'dry-run': { type: 'boolean', text: 'stop after rendering; `submit` goes on later' },
  run: { type: 'string', value: 'RUN', text: 'the run that it belongs to' },
  'request-hash': {
    type: 'string',
    value: 'HASH',
    text: 'decide only if this is still the hash that is approved',
  },
  reason: { type: 'string', value: 'TEXT', text: 'why' },
  operation: { type: 'string', value: 'NAME', text: 'only this provider or provider/operation' },
  from: { type: 'string', value: 'TIME', text: 'not older than this (ISO 8601)' },
  to: { type: 'string', value: 'TIME', text: 'older than this (ISO 8601)' },
  status: { type: 'string', value: 'STATUS', text: 'only this status' },
  attention: { type: 'boolean', text: 'only what needs a person or is overdue' },
  limit: { type: 'string', value: 'N', text: 'at most this many (1 to 100)' },
  cursor: { type: 'string', value: 'CURSOR', text: 'go on where the last page ended' },
  out: { type: 'string', value: 'FILE', text: 'write to this file instead of standard output' },
  source: { type: 'string', value: 'FILE', text: 'the source as JSON; only "url" is needed' },
  id: { type: 'string', value: 'ID', text: 'which source, where the file holds a list' },
  captures: { type: 'string', value: 'FOLDER', text: 'stored captures, in the order of their names' },
  git: { type: 'string', value: 'REPO', text: 'the history of a file in this repository' },
  path: { type: 'string', value: 'FILE', text: 'the file, from the top of the repository' },
  since: { type: 'string', value: 'TIME', text: 'only commits after this (ISO 8601)' },
  until: { type: 'string', value: 'TIME', text: 'only commits before this (ISO 8601)' },
  change: {
    type: 'string',
    value: 'CHANGE',
    text: 'acknowledge only if this is still the change that waits',
  },
  supersedes: { type: 'boolean', text: 'the old text is gone for good: tell if it ever comes back' },
  now: { type: 'boolean', text: 'beside the schedule; there is no other way' },
  retire: { type: 'boolean', text: 'stop watching it; what requires it is refused' },
  pending: { type: 'string', value: 'VERSION', text: 'the version of the rotation to stop' },
  explain: { type: 'boolean', text: 'also why, and what was taken away as noise' },
} as const satisfies Record<string, { type: 'string' | 'boolean'; value?: string; text: string }>;
export type OptionName = keyof typeof OPTIONS;

export const COMMON_OPTIONS = {
  url: { type: 'string', value: 'URL', text: 'base URL of Autopack' },
  project: { type: 'string', value: 'PROJECT', text: 'the project' },
  as: { type: 'string', value: 'WHO', text: '"person" or "agent", where a command works for both' },
  json: { type: 'boolean', text: 'JSON instead of text; always so when the output is not a terminal' },
  help: { type: 'boolean', text: 'show this help' },
  version: { type: 'boolean', text: 'show the version' },
} as const satisfies Record<string, { type: 'string' | 'boolean'; value?: string; text: string }>;

const command = (
  usage: string,
  summary: string,
  as: CommandSpec['as'],
  options: readonly OptionName[] = [],
): CommandSpec => ({
  usage,
  summary,
  as,
  options,
  arguments: usage.split(' ').filter((word) => /^\[?[A-Z|-]+\]?$/.test(word) || word.includes('|')),
});

export const COMMANDS = {
  propose: command('propose FILE', 'Propose the action in a JSON file ("-": standard input)', 'any', [
    'wait',
    'timeout',
    'key',
    'dry-run',
    'run',
  ]),
  submit: command('submit KEY', 'Let a rendered dry run go on, with the same hashes', 'any', [
    'wait',
    'timeout',
  ]),
  cancel: command('cancel KEY', 'Withdraw an action that has not run', 'any'),
  resolve: command(
    'resolve KEY succeeded|failed|not-applied',
    'Say what became of an unknown outcome',
    'person',
    ['reason'],
  ),
  show: command('show KEY', 'What happened to one action', 'any'),
  list: command('list', 'Actions of a project, newest first', 'any', [
    'operation',
    'run',
    'from',
    'to',
    'status',
    'attention',
    'limit',
    'cursor',
  ]),
  approvals: command('approvals', 'What waits for you, and what was decided', 'person'),
  decide: command('decide ID approve|reject', 'Approve or reject exactly what is shown', 'person', [
    'reason',
    'request-hash',
  ]),
  'project show': command('project show', 'Confirmed settings, policy and endpoints', 'any'),
  'project change': command(
    'project change FILE',
    'Propose a change of settings, policy, endpoint or credential',
    'person',
  ),
  'project changes': command('project changes', 'Changes proposed and confirmed', 'person'),
  'project confirm': command('project confirm ID', 'Confirm a change as a second operator', 'person'),
  export: command('export', 'All actions of a run as deterministic JSON (--run is needed)', 'any', [
    'run',
    'out',
  ]),
  verify: command(
    'verify FILE',
    'Check an export here: histories, hashes, order ("-": standard input)',
    'nobody',
  ),
  'policies list': command('policies list', 'Watched policies and how they stand', 'any'),
  'policies health': command('policies health', 'How the monitor is doing, source by source', 'any'),
  'policies diff': command(
    'policies diff ID',
    'What changed and waits for a person, or the first text',
    'any',
  ),
  'policies ack': command(
    'policies ack ID',
    'Acknowledge exactly the change that is shown (--reason is needed)',
    'person',
    ['reason', 'change', 'supersedes'],
  ),
  'policies explain': command(
    'policies explain ID',
    'Every look at a policy, why, and what was noise',
    'any',
    ['limit', 'cursor'],
  ),
  'policies check': command('policies check --now [ID]', 'Look at one policy now, or at all', 'person', [
    'now',
  ]),
  'policies add': command('policies add FILE', 'Add or edit the watched policy in a JSON file', 'person', [
    'retire',
  ]),
  'policies replay': command(
    'policies replay',
    'Run stored captures of a policy page through the monitor, here',
    'nobody',
    ['source', 'id', 'captures', 'git', 'path', 'since', 'until', 'explain'],
  ),
  'credentials list': command('credentials list', 'Registered credentials and what each may do', 'person'),
  'credentials health': command('credentials health', 'How credentials are doing, the worst first', 'person'),
  'credentials look': command(
    'credentials look CREDENTIAL',
    'Look at one credential now, at its provider, as the hourly check does',
    'person',
  ),
  'credentials stage': command(
    'credentials stage CREDENTIAL FILE',
    'Hand in the new value of a credential, its fields as JSON ("-": standard input)',
    'person',
  ),
  'credentials rotate': command(
    'credentials rotate CREDENTIAL',
    'Test the new value at the provider, then use it; "keyring" and "signing-keys" too',
    'person',
  ),
  'credentials unstick': command(
    'credentials unstick CREDENTIAL',
    'See a rotation that does not come to its end; with --pending stop it',
    'person',
    ['pending'],
  ),
  'credentials drop': command(
    'credentials drop SECRET [KEY]',
    'See the keys of "keyring" or "signing-keys" by id; with KEY drop one that leaked, by two people',
    'person',
  ),
  'sign-in': command('sign-in', 'Sign in as a person, in the browser', 'nobody'),
  'sign-out': command('sign-out', 'Forget the signed-in person', 'nobody'),
  whoami: command('whoami', 'Who the CLI acts as, and where', 'any'),
} as const satisfies Record<string, CommandSpec>;
export type CommandName = keyof typeof COMMANDS;
