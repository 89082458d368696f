import { describeOperations } from '../providers/catalogue.ts';
import type { EndpointDefinition, ProjectSettings } from './project-config.ts';

interface Misdeclared {
  readonly field: string;
  readonly detail: string;
}

const TWICE = 'a source is there twice; name each once.';
const isUnique = (words: readonly string[]): boolean => new Set(words).size === words.length;

/** Policy sources that a project declares for operations that do not exist would be required by nothing. */
export const misdeclaredOfProject = ({
  policySources = [],
}: Pick<ProjectSettings, 'policySources'>): Misdeclared[] => {
  const names = describeOperations().map(({ operation }) => operation);
  const known = [...new Set([...names, ...names.map((name) => `${name.split('/')[0]}/*`)])].toSorted();
  return policySources.flatMap(({ operation, sources }, index) => [
    ...(known.includes(operation)
      ? []
      : [
          {
            field: `settings.policySources[${index}].operation`,
            detail: `there is no operation "${operation}"; name one of ${known.join(', ')}.`,
          },
        ]),
    ...(isUnique(sources) ? [] : [{ field: `settings.policySources[${index}].sources`, detail: TWICE }]),
  ]);
};

/** Policy sources of an endpoint that only reads would be required by nothing either (POL-09). */
export const misdeclaredOfEndpoint = ({
  effects,
  policySources = [],
}: Pick<EndpointDefinition, 'effects' | 'policySources'>): Misdeclared[] => {
  const field = 'endpoint.policySources';
  if (policySources.length === 0) return [];
  return [
    ...(isUnique(policySources) ? [] : [{ field, detail: TWICE }]),
    ...(effects.every((effect) => effect === 'read')
      ? [{ field, detail: 'a call that only reads waits for no policy; leave policySources out.' }]
      : []),
  ];
};
