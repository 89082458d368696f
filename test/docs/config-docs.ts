import type * as z from 'zod';
import { env as actions } from '#functions/actions/env.ts';
import { env as approvals } from '#functions/approvals/env.ts';
import { env as credentials } from '#functions/credentials/env.ts';
import { env as governance } from '#functions/governance/env.ts';
import { env as operators } from '#functions/operators/env.ts';
import { env as policies } from '#functions/policies/env.ts';
import { ENV, type EnvName } from '#shared/config/env.ts';
import { FLAGS } from '#shared/config/flags.ts';
import { LEGACY_NAMES, type Setting, SETTINGS } from '#shared/config/settings.ts';
import { table } from './markdown.ts';

const ROOMS: Readonly<Record<string, Readonly<Record<string, () => z.ZodObject>>>> = {
  actions,
  approvals,
  credentials,
  governance,
  operators,
  policies,
};

/** Functions that read a variable, as `room/function`. */
export const readersOf = (name: EnvName): readonly string[] =>
  Object.entries(ROOMS).flatMap(([room, functions]) =>
    Object.entries(functions).flatMap(([entry, schema]) =>
      name in schema().shape ? [`${room}/${entry}`] : [],
    ),
  );

const stagesOf = (name: string): string =>
  name in FLAGS ? FLAGS[name as keyof typeof FLAGS].stages.join(', ') : 'any';

/** Variables of functions: the stack sets them, nobody else. */
export const functionVariables = (): string =>
  table(
    ['name', 'what', 'default', 'stage', 'secret', 'read by'],
    (Object.keys(ENV) as EnvName[]).map((name) => {
      const schema: z.ZodType = ENV[name].schema();
      const optional = schema.safeParse(undefined).success;
      return [
        `\`${name}\``,
        ENV[name].text,
        optional ? 'unset: off' : 'none: the function does not start',
        stagesOf(name),
        'no',
        readersOf(name).join(', '),
      ];
    }),
  );

/** Variables that people set. */
export const peopleVariables = (): string =>
  table(
    ['name', 'what', 'default', 'stage', 'secret', 'read by'],
    Object.entries<Setting>(SETTINGS).map(([name, { text, fallback, stage, secret, reader }]) => [
      `\`${name}\``,
      text,
      fallback,
      stage,
      secret ? 'yes' : 'no',
      reader,
    ]),
  );

export const legacyNames = (): string =>
  table(
    ['name', 'what became of it'],
    Object.entries(LEGACY_NAMES).map(([name, text]) => [`\`${name}\``, text]),
  );

/** `.env.example`: everything a person may set, commented out. */
export const envExample = (): string => {
  const readers: readonly Setting['reader'][] = ['local host', 'CLI', 'deployment', 'tests'];
  const sections = readers.map((reader) => {
    const own = Object.entries<Setting>(SETTINGS).filter(([, setting]) => setting.reader === reader);
    const lines = own.map(([name, { text, fallback }]) => {
      const value =
        /^[\w./-]+$/.test(fallback) && !['none', 'off', 'unset'].includes(fallback) ? fallback : '';
      return `# ${text}\n# ${name}=${value}`;
    });
    return [`## ${reader}`, ...lines].join('\n');
  });
  return [
    '# cp .env.example .env, then uncomment what you need. Every variable is described in docs/config.md.',
    '# Never commit .env: it may hold a secret.',
    ...sections,
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
};
