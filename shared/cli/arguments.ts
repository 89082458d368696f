import { parseArgs } from 'node:util';
import {
  type CommandName,
  COMMANDS,
  COMMON_OPTIONS,
  type CommandSpec,
  type OptionName,
  OPTIONS,
} from './commands.ts';
import { CliError } from './exit.ts';

export type ParsedName = CommandName;
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

type OptionValues = {
  readonly [Name in OptionName]?: (typeof OPTIONS)[Name]['type'] extends 'boolean' ? boolean : string;
};

export interface CommonValues {
  readonly url?: string;
  readonly project?: string;
  readonly as?: 'person' | 'agent';
  readonly json: boolean;
}

export type Parsed =
  | { readonly kind: 'help'; readonly command?: CommandName }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'command';
      readonly command: CommandName;
      readonly arguments: readonly string[];
      readonly options: OptionValues;
      readonly common: CommonValues;
    };

const usage = (message: string): CliError => new CliError('usage', `${message} See "autopack --help".`);

const nameOf = (words: readonly string[]): CommandName | undefined =>
  COMMAND_NAMES.find((name) => name.split(' ').every((word, index) => words[index] === word));

const checkArgument = (expected: string, given: string): void => {
  if (expected.includes('|') && !expected.split('|').includes(given))
    throw usage(`"${given}" is not one of ${expected.replaceAll('|', ', ')}.`);
};

/**
 * Reads the command line.
 * @throws CliError usage, with what is wrong.
 */
export const parseCommandLine = (argv: readonly string[]): Parsed => {
  let read;
  try {
    read = parseArgs({
      args: [...argv],
      options: { ...OPTIONS, ...COMMON_OPTIONS },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw usage(
      error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : 'The command line cannot be read.',
    );
  }
  const { values, positionals } = read;
  if (values.version === true) return { kind: 'version' };
  const command = nameOf(positionals);
  if (values.help === true) return command === undefined ? { kind: 'help' } : { kind: 'help', command };
  if (positionals.length === 0) return { kind: 'help' };
  if (command === undefined) throw usage(`There is no command "${positionals.join(' ')}".`);

  const spec: CommandSpec = COMMANDS[command];
  const given = positionals.slice(command.split(' ').length);
  const needed = spec.arguments.filter((name) => !name.startsWith('['));
  if (given.length < needed.length || given.length > spec.arguments.length)
    throw usage(`Usage: autopack ${spec.usage}.`);
  spec.arguments.forEach((expected, index) => checkArgument(expected, given[index] ?? ''));

  const { url, project, as, json = false, help: _help, version: _version, ...options } = values;
  for (const name of Object.keys(options)) {
    if (!spec.options.includes(name as OptionName)) throw usage(`"${command}" has no option --${name}.`);
  }
  if (as !== undefined && as !== 'person' && as !== 'agent') throw usage('--as is "person" or "agent".');
  return {
    kind: 'command',
    command,
    arguments: given,
    options,
    common: {
      json,
      ...(url === undefined ? {} : { url }),
      ...(project === undefined ? {} : { project }),
      ...(as === undefined ? {} : { as }),
    },
  };
};
