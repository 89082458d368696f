import { COMMAND_NAMES } from '#shared/cli/arguments.ts';
import { EXITS } from '#shared/cli/exit.ts';
import { helpText } from '#shared/cli/help.ts';
import { commonCodes, problemTable, routeTable } from '#shared/operators/api-table.ts';
import { envExample, functionVariables, legacyNames, peopleVariables } from './config-docs.ts';
import {
  credentialKinds,
  healthStates,
  performTable,
  reauthReasons,
  rotationPolicies,
} from './credentials-docs.ts';
import { table } from './markdown.ts';
import {
  backoffs,
  classReasons,
  curatedSources,
  gateReasons,
  sourceFields,
  topics,
  unusableReasons,
} from './policies-docs.ts';

/** A piece of a document that is made from code. Without `name` it is the whole file. */
export interface Part {
  readonly file: string;
  readonly name?: string;
  readonly text: () => string;
}

const fenced = (text: string): string => `\`\`\`text\n${text.trimEnd()}\n\`\`\``;

/** Everything that is generated. A capability adds its line here, and the two markers to its page. */
export const PARTS: readonly Part[] = [
  {
    file: 'docs/api-contract.md',
    name: 'routes',
    text: () => table(routeTable().heading, routeTable().rows),
  },
  { file: 'docs/api-contract.md', name: 'common codes', text: commonCodes },
  {
    file: 'docs/api-contract.md',
    name: 'problems',
    text: () => table(problemTable().heading, problemTable().rows),
  },
  { file: 'docs/cli.md', name: 'help', text: () => fenced(helpText()) },
  {
    file: 'docs/cli.md',
    name: 'commands',
    text: () => COMMAND_NAMES.map((name) => `### ${name}\n\n${fenced(helpText(name))}`).join('\n\n'),
  },
  {
    file: 'docs/cli.md',
    name: 'exit codes',
    text: () =>
      table(
        ['code', 'meaning'],
        Object.values(EXITS).map(({ code, means }) => [String(code), means]),
      ),
  },
  { file: 'docs/config.md', name: 'people', text: peopleVariables },
  { file: 'docs/config.md', name: 'functions', text: functionVariables },
  { file: 'docs/config.md', name: 'legacy', text: legacyNames },
  { file: 'docs/policies.md', name: 'source fields', text: sourceFields },
  { file: 'docs/policies.md', name: 'curated sources', text: curatedSources },
  { file: 'docs/policies.md', name: 'back-off', text: backoffs },
  { file: 'docs/policies.md', name: 'topics', text: topics },
  { file: 'docs/policies.md', name: 'unusable reasons', text: unusableReasons },
  { file: 'docs/policies.md', name: 'class reasons', text: classReasons },
  { file: 'docs/policies.md', name: 'gate reasons', text: gateReasons },
  { file: 'docs/credentials.md', name: 'kinds', text: credentialKinds },
  { file: 'docs/credentials.md', name: 'schedules', text: rotationPolicies },
  { file: 'docs/credentials.md', name: 'health', text: healthStates },
  { file: 'docs/credentials.md', name: 'reasons', text: reauthReasons },
  { file: 'docs/credentials.md', name: 'scopes', text: performTable },
  { file: '.env.example', text: envExample },
];

/** A document with one part brought up to date. Throws where its markers are missing. */
export const withPart = (document: string, part: Part): string => {
  if (part.name === undefined) return part.text();
  const begin = `<!-- generated: ${part.name} -->`;
  const end = '<!-- end of generated -->';
  const start = document.indexOf(begin);
  const stop = document.indexOf(end, start);
  if (start < 0 || stop < 0) throw new Error(`${part.file} has no markers for "${part.name}"`);
  return `${document.slice(0, start)}${begin}\n\n${part.text()}\n\n${document.slice(stop)}`;
};
