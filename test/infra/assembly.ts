import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { composeApp, type ComposeOptions, stackNames } from '#infra/compose.ts';
import type { StageName } from '#shared/config/env.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, any>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

/** A finding, or an acknowledged one, of the validation report. */
export interface Finding {
  readonly rule: string;
  /** Path of the resource, without the app. */
  readonly path: string;
  readonly reason?: string;
  /** Path of the construct that the acknowledgement is on. */
  readonly acknowledgedAt?: string;
}

export interface Synthesized {
  readonly app: App;
  readonly outdir: string;
  readonly state: Template;
  readonly controlPlane: Template;
  readonly findings: readonly Finding[];
  readonly acknowledged: readonly Finding[];
  readonly failed: boolean;
}

/** The values of production that stand in infra/prod.example.json. */
export const prodExample = (): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL('../../infra/prod.example.json', import.meta.url), 'utf8'));

const folders: string[] = [];

/** A fresh folder, removed by `removeFolders`. */
export const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'autopack-infra-'));
  folders.push(made);
  return made;
};

export const removeFolders = (): void => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
};

interface ReportedViolation {
  readonly ruleName: string;
  readonly reason?: string;
  readonly acknowledgedAt?: string;
  readonly violatingConstructs: readonly { readonly constructPath?: string }[];
}

const findingsOf = (violations: readonly ReportedViolation[] = []): Finding[] =>
  violations.flatMap(({ ruleName, reason, acknowledgedAt, violatingConstructs }) =>
    violatingConstructs.map(({ constructPath = '' }) => ({
      rule: ruleName,
      path: constructPath,
      ...(reason === undefined ? {} : { reason }),
      ...(acknowledgedAt === undefined ? {} : { acknowledgedAt }),
    })),
  );

/** Findings and acknowledgements of an assembly, as its own report says them. */
export const readReport = (outdir: string): Pick<Synthesized, 'findings' | 'acknowledged'> => {
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: { violations: ReportedViolation[]; suppressedViolations?: ReportedViolation[] }[];
  };
  return {
    findings: report.pluginReports.flatMap((plugin) => findingsOf(plugin.violations)),
    acknowledged: report.pluginReports.flatMap((plugin) => findingsOf(plugin.suppressedViolations)),
  };
};

/** Synthesizes a stage into a fresh folder; production with the example's values. */
export const synthesize = (
  stage: StageName,
  options: Omit<ComposeOptions, 'stage' | 'outdir'> = {},
): Synthesized => {
  const outdir = folder();
  const app = composeApp({ deployment: stage === 'prod' ? prodExample() : {}, ...options, stage, outdir });
  let failed = false;
  try {
    app.synth();
  } catch (error) {
    if (options.rules === false) throw error;
    failed = true;
  }
  const names = stackNames(stage);
  const template = (name: string): Template =>
    JSON.parse(readFileSync(join(outdir, `${name}.template.json`), 'utf8')) as Template;
  return {
    app,
    outdir,
    state: template(names.state),
    controlPlane: template(names.controlPlane),
    failed,
    ...(options.rules === false ? { findings: [], acknowledged: [] } : readReport(outdir)),
  };
};

/** Resources of a type, by logical id. */
export const ofType = (template: Template, type: string): readonly (readonly [string, Resource])[] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);

/** Functions by entry: `description` is the entry file. */
export const functionsByEntry = (template: Template): ReadonlyMap<string, readonly [string, Resource]> =>
  new Map(
    ofType(template, 'AWS::Lambda::Function').map((found) => [
      found[1].Properties['Description'] as string,
      found,
    ]),
  );

/** The logical id or import that a `Ref`, `Fn::GetAtt` or `Fn::ImportValue` names. */
export const referenced = (value: any): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('Ref' in value) return value.Ref;
  if ('Fn::GetAtt' in value) return value['Fn::GetAtt'][0];
  if ('Fn::ImportValue' in value)
    return String(value['Fn::ImportValue'])
      .replace(/^.*:ExportsOutput(Ref|FnGetAtt)/, '')
      .replace(/(Arn)?[0-9A-F]{8}$/, '');
  if ('Fn::Join' in value)
    return value['Fn::Join'][1]
      .map((part: any) => (typeof part === 'string' ? part : `{${referenced(part)}}`))
      .join('');
  return JSON.stringify(value);
};
