import { setTimeout as sleep } from 'node:timers/promises';
import { VERSION } from '../config/version.ts';
import { type Parsed, parseCommandLine } from './arguments.ts';
import { apiClient } from './client.http.ts';
import { type CommandName, COMMANDS, type CommandSpec } from './commands.ts';
import { CliError, EXITS } from './exit.ts';
import { helpText } from './help.ts';
import { cancel, exportRun, list, propose, resolve, show, submit } from './run-actions.http.ts';
import {
  approvals,
  decide,
  projectChange,
  projectChanges,
  projectConfirm,
  projectShow,
} from './run-decisions.http.ts';
import {
  policiesAck,
  policiesAdd,
  policiesCheck,
  policiesDiff,
  policiesExplain,
  policiesHealth,
  policiesList,
} from './run-policies.http.ts';
import { replayPolicies } from './run-policies-replay.http.ts';
import { credentialsHealth, credentialsList, credentialsLook } from './run-credentials.http.ts';
import {
  credentialsDrop,
  credentialsRotate,
  credentialsStage,
  credentialsUnstick,
} from './run-rotation.http.ts';
import { type IdentityDeps, signIn, signOut, tokenFor, whoami } from './run-identity.http.ts';
import type { Answer, Session } from './session.ts';
import { verify } from './run-verify.http.ts';
import { readSettings } from './settings.http.ts';
import { paintOf } from './show-action.ts';
import { jsonText, safeText } from './terminal-text.ts';

type Command = Extract<Parsed, { kind: 'command' }>;
type ApiCommand = Exclude<CommandName, 'sign-in' | 'sign-out' | 'whoami' | 'verify' | 'policies replay'>;

const RUNS: Readonly<Record<ApiCommand, (session: Session) => Promise<Answer>>> = {
  propose,
  submit,
  cancel,
  resolve,
  show,
  list,
  approvals,
  decide,
  'project show': projectShow,
  'project change': projectChange,
  'project changes': projectChanges,
  'project confirm': projectConfirm,
  export: exportRun,
  'policies list': policiesList,
  'policies health': policiesHealth,
  'policies diff': policiesDiff,
  'policies ack': policiesAck,
  'policies explain': policiesExplain,
  'policies check': policiesCheck,
  'policies add': policiesAdd,
  'credentials list': credentialsList,
  'credentials health': credentialsHealth,
  'credentials look': credentialsLook,
  'credentials stage': credentialsStage,
  'credentials rotate': credentialsRotate,
  'credentials unstick': credentialsUnstick,
  'credentials drop': credentialsDrop,
};

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const run = async (parsed: Command, asJson: boolean): Promise<Answer> => {
  if (parsed.command === 'verify') return verify(parsed.arguments[0] ?? '-');
  if (parsed.command === 'policies replay')
    return replayPolicies(parsed.options, { out: process.stdout, asJson, now: Date.now });
  const settings = await readSettings(parsed.common, process.env);
  const open = apiClient(settings.apiUrl);
  const identity: IdentityDeps = { settings, call: open, now: Date.now, say };
  const { command, common } = parsed;
  if (command === 'sign-in') return signIn(identity);
  if (command === 'sign-out') return signOut(identity);
  if (command === 'whoami') return whoami(common.as, identity);

  const spec: CommandSpec = COMMANDS[command];
  const { token } = await tokenFor(spec.as === 'person' ? 'person' : 'any', common.as, identity);
  const colours = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  return RUNS[command]({
    parsed,
    call: (request) => open({ ...request, token }),
    now: Date.now,
    sleep: async (milliseconds) => sleep(milliseconds),
    progress: say,
    paint: paintOf(colours),
    project: () => {
      if (settings.project !== undefined) return settings.project;
      throw new CliError('usage', 'Which project? Give --project or set AUTOPACK_PROJECT.');
    },
  });
};

const fail = (error: unknown, asJson: boolean): number => {
  const known =
    error instanceof CliError
      ? error
      : new CliError('failed', 'The CLI broke; this is a defect.', { cause: error });
  if (!(error instanceof CliError)) say(safeText(String(error)));
  if (asJson && known.problem !== undefined) process.stdout.write(jsonText(known.problem));
  say(`autopack: ${safeText(known.message)}`);
  return EXITS[known.exit].code;
};

/** Runs one command line; answers the exit code. */
export const main = async (argv: readonly string[]): Promise<number> => {
  let asJson = !process.stdout.isTTY;
  try {
    const parsed = parseCommandLine(argv);
    if (parsed.kind === 'version') {
      process.stdout.write(`${VERSION}\n`);
      return EXITS.ok.code;
    }
    if (parsed.kind === 'help') {
      process.stdout.write(helpText(parsed.command));
      return argv.length === 0 ? EXITS.usage.code : EXITS.ok.code;
    }
    asJson ||= parsed.common.json;
    const answer = await run(parsed, asJson);
    if ('raw' in answer) process.stdout.write(answer.raw);
    else process.stdout.write(asJson ? jsonText(answer.json) : answer.text);
    return EXITS[answer.exit].code;
  } catch (error) {
    return fail(error, asJson);
  }
};
