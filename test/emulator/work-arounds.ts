import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Resource {
  readonly Type: string;
  Properties?: Record<string, unknown>;
  [rest: string]: unknown;
}
export interface Template {
  Resources: Record<string, Resource>;
  [rest: string]: unknown;
}

/** What MiniStack cannot do of our templates, and how the scenario gets past it. `docs/emulator.md` lists them. */
export interface WorkAround {
  readonly id: string;
  readonly reason: string;
  readonly instead: string;
  /** Changes a template in place and says how often it had to. */
  readonly apply: (template: Template) => number;
}

const dropped = (template: Template, is: (resource: Resource) => boolean): number => {
  const gone = new Set(
    Object.entries(template.Resources)
      .filter(([, resource]) => is(resource))
      .map(([id]) => id),
  );
  template.Resources = Object.fromEntries(
    Object.entries(template.Resources)
      .filter(([id]) => !gone.has(id))
      .map(([id, resource]) => {
        const dependsOn = [resource['DependsOn'] ?? []].flat().filter((other) => !gone.has(String(other)));
        const { DependsOn: _, ...rest } = resource;
        return [id, { ...rest, ...(dependsOn.length === 0 ? {} : { DependsOn: dependsOn }) } as Resource];
      }),
  );
  return gone.size;
};

export const WORK_AROUNDS: readonly WorkAround[] = [
  {
    id: 'provider-url',
    reason: 'Fn::GetAtt of ProviderURL of a user pool fails ("does not exist in schema").',
    instead: 'The address is put together from region and pool id, which is what the attribute is on AWS.',
    apply: (template) => {
      let changed = 0;
      const visit = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(visit);
        if (typeof value !== 'object' || value === null) return value;
        const target = (value as Record<string, unknown>)['Fn::GetAtt'];
        if (Array.isArray(target) && target[1] === 'ProviderURL') {
          changed += 1;
          return { 'Fn::Sub': `https://cognito-idp.\${AWS::Region}.amazonaws.com/\${${String(target[0])}}` };
        }
        return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, visit(member)]));
      };
      Object.assign(template, visit(template));
      return changed;
    },
  },
  {
    id: 'user-pool-users',
    reason:
      'AWS::Cognito::UserPoolUser and UserPoolUserToGroupAttachment do not exist in its CloudFormation.',
    instead: 'They are left out of the template, and the same people are made through the Cognito API.',
    apply: (template) =>
      dropped(template, ({ Type }) => /^AWS::Cognito::UserPoolUser(ToGroupAttachment)?$/.test(Type)),
  },
  {
    id: 'metric-math-alarms',
    reason: 'AWS::CloudWatch::Alarm with metric math ("Properties.Metrics is not supported") fails.',
    instead: 'Such alarms are left out; test/infra looks at them.',
    apply: (template) =>
      dropped(
        template,
        (resource) =>
          resource.Type === 'AWS::CloudWatch::Alarm' && resource.Properties?.['Metrics'] !== undefined,
      ),
  },
  {
    id: 'table-names',
    reason:
      'Any change of an AWS::DynamoDB::GlobalTable that has no name of its own replaces the table, and its items are gone.',
    instead: 'The tables get names; then a change is made in place, as on AWS with and without a name.',
    apply: (template) => {
      let changed = 0;
      for (const [id, resource] of Object.entries(template.Resources)) {
        if (resource.Type !== 'AWS::DynamoDB::GlobalTable') continue;
        resource.Properties = { ...resource.Properties, TableName: `autopack-${id}` };
        changed += 1;
      }
      return changed;
    },
  },
  {
    id: 'timeout-expression',
    reason:
      'TimeoutSeconds of a callback task is taken as text where it is a JSONata expression, and the execution breaks off.',
    instead:
      'The two such tasks get a day in the definition; the local host and AWS evaluate the expression.',
    apply: (template) => {
      let changed = 0;
      for (const resource of Object.values(template.Resources)) {
        if (resource.Type !== 'AWS::StepFunctions::StateMachine') continue;
        const properties = resource.Properties as { DefinitionString: string };
        properties.DefinitionString = properties.DefinitionString.replaceAll(
          /"TimeoutSeconds":"\{%[^"]*%\}"/g,
          () => {
            changed += 1;
            return '"TimeoutSeconds":86520';
          },
        );
      }
      return changed;
    },
  },
  {
    id: 'rotation-schedules',
    reason: 'AWS::SecretsManager::RotationSchedule does not exist in its CloudFormation.',
    instead:
      'The schedules are left out; the contract suite rotates over its API, test/infra looks at the schedules.',
    apply: (template) => dropped(template, ({ Type }) => Type === 'AWS::SecretsManager::RotationSchedule'),
  },
];

const FRONT = fileURLToPath(new URL('function-front.mjs', import.meta.url));

/** What MiniStack cannot do for running functions; `function-front.mjs` is put before each of them. */
export const FRONT_WORK_AROUNDS: readonly Omit<WorkAround, 'apply'>[] = [
  {
    id: 'issuer-address',
    reason:
      'Tokens and discovery document name the issuer as on AWS (cognito-idp.<region>.amazonaws.com), which is not this machine.',
    instead:
      'Requests for that one host go to MiniStack, as a name server would send them; issuer, keys and tokens stay as they are.',
  },
  {
    id: 'event-cookies',
    reason: 'The event of an HTTP API (payload 2.0) has no `cookies`; they are left in the header `cookie`.',
    instead: 'The header is split into `cookies`, as API Gateway does.',
  },
];

/**
 * Applies every work-around to an assembly, in place.
 * @returns how often each was needed
 */
export const workAround = (assembly: string): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = Object.fromEntries(WORK_AROUNDS.map(({ id }) => [id, 0]));
  let fronts = 0;
  for (const name of readdirSync(assembly)) {
    const path = join(assembly, name);
    if (name.endsWith('.template.json')) {
      const template = JSON.parse(readFileSync(path, 'utf8')) as Template;
      for (const { id, apply } of WORK_AROUNDS) counts[id] = (counts[id] ?? 0) + apply(template);
      writeFileSync(path, JSON.stringify(template));
    } else if (name.startsWith('asset.') && existsSync(join(path, 'index.mjs'))) {
      renameSync(join(path, 'index.mjs'), join(path, 'function.mjs'));
      copyFileSync(FRONT, join(path, 'index.mjs'));
      fronts += 1;
    }
  }
  return { ...counts, ...Object.fromEntries(FRONT_WORK_AROUNDS.map(({ id }) => [id, fronts])) };
};
