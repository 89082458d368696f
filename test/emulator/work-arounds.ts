import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

const ISSUER_PRELOAD = fileURLToPath(new URL('issuer-preload.mjs', import.meta.url));

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
    reason: 'AWS::Cognito::UserPoolUser and UserPoolUserToGroupAttachment do not exist in its CloudFormation.',
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
    id: 'issuer-address',
    reason:
      'Tokens and discovery document name the issuer as on AWS (cognito-idp.<region>.amazonaws.com), which is not this machine.',
    instead:
      'A file loaded before each function sends requests for that one host to MiniStack, as a name server would; issuer, keys and tokens are as they are.',
    apply: (template) => {
      let changed = 0;
      for (const resource of Object.values(template.Resources)) {
        if (resource.Type !== 'AWS::Lambda::Function') continue;
        const environment = resource.Properties?.['Environment'] as
          | { readonly Variables: Record<string, unknown> }
          | undefined;
        if (environment?.Variables['OIDC_ISSUER'] === undefined) continue;
        environment.Variables['NODE_OPTIONS'] = `--enable-source-maps --import=${ISSUER_PRELOAD}`;
        changed += 1;
      }
      return changed;
    },
  },
];

/**
 * Applies every work-around to the templates of an assembly.
 * @returns how often each was needed
 */
export const workAround = (assembly: string): Readonly<Record<string, number>> => {
  const counts = Object.fromEntries(WORK_AROUNDS.map(({ id }) => [id, 0]));
  for (const file of readdirSync(assembly).filter((name) => name.endsWith('.template.json'))) {
    const template = JSON.parse(readFileSync(join(assembly, file), 'utf8')) as Template;
    for (const { id, apply } of WORK_AROUNDS) counts[id] = (counts[id] ?? 0) + apply(template);
    writeFileSync(join(assembly, file), JSON.stringify(template));
  }
  return counts;
};
