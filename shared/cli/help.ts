import { COMMAND_NAMES, type ParsedName } from './arguments.ts';
import { COMMANDS, COMMON_OPTIONS, OPTIONS } from './commands.ts';
import { EXITS } from './exit.ts';

interface Option {
  readonly value?: string;
  readonly text: string;
}

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};

const optionRow = ([name, option]: readonly [string, Option]): readonly [string, string] => [
  option.value === undefined ? `--${name}` : `--${name} ${option.value}`,
  option.text,
];

const settings: readonly (readonly [string, string])[] = [
  ['AUTOPACK_URL', 'base URL of Autopack'],
  ['AUTOPACK_PROJECT', 'the project'],
  ['AUTOPACK_CLIENT_ID', 'OAuth client of an agent'],
  ['AUTOPACK_CLIENT_SECRET', 'its secret'],
  ['AUTOPACK_CLIENT_SECRET_FILE', 'a file that holds the secret'],
  ['AUTOPACK_DATA_DIR', 'where the local host and the signed-in person are kept (.autopack)'],
  ['NO_COLOR', 'no colours'],
];

/** Help of the program, or of one command. */
export const helpText = (name?: ParsedName): string => {
  if (name !== undefined) {
    const spec = COMMANDS[name];
    const own = spec.options.map((option) => optionRow([option, OPTIONS[option]]));
    return `Usage: autopack ${spec.usage}${own.length > 0 ? ' [options]' : ''}

${spec.summary}.

Options:
${columns([...own, ...Object.entries(COMMON_OPTIONS).map(optionRow)])}
`;
  }
  return `Usage: autopack COMMAND [options]

Propose actions that cannot be taken back, approve them, and see what happened.

Commands:
${columns(COMMAND_NAMES.map((each) => [COMMANDS[each].usage, COMMANDS[each].summary]))}

Options of every command:
${columns(Object.entries(COMMON_OPTIONS).map(optionRow))}

Settings come from options, then the environment, then the local host's local.json:
${columns(settings)}

Exit codes:
${columns(Object.values(EXITS).map((exit) => [String(exit.code), exit.means]))}

"autopack COMMAND --help" shows the options of a command.
`;
};
