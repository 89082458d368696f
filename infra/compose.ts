import { Annotations, App } from 'aws-cdk-lib';
import type { StageName } from '#shared/config/env.ts';
import cdkJson from '../cdk.json' with { type: 'json' };
import { BUNDLE_CONTEXT } from './constructs/function.ts';
import { resolveStage, type Switches } from './deployment.ts';
import { addRules } from './rules/plugins.ts';
import { ControlPlaneStack } from './stacks/control-plane.ts';
import { StateStack } from './stacks/state.ts';

export interface ComposeOptions {
  /** Wins over the stage of the deployment; one of the two must be there. */
  readonly stage?: StageName;
  /** Where the assembly is written. @default cdk.out, or where the CDK CLI says */
  readonly outdir?: string;
  /** Values of whoever deploys; see `Deployment`. */
  readonly deployment?: Readonly<Record<string, unknown>>;
  readonly switches?: Switches;
  /** False in tests that look at templates only. @default true */
  readonly bundle?: boolean;
  /** Whether cdk-nag, the built-in rules and our own run in `synth()`. @default true */
  readonly rules?: boolean;
}

/** Names of the two stacks of a stage. */
export const stackNames = (stage: StageName): { readonly state: string; readonly controlPlane: string } => ({
  state: `Autopack-${stage}-State`,
  controlPlane: `Autopack-${stage}-ControlPlane`,
});

/**
 * The whole app of one stage, not yet synthesized. Needs no account, network or environment variable.
 * @throws DeploymentRefusedError where a value is missing or unsafe.
 */
export const composeApp = (options: ComposeOptions): App => {
  const { record, warnings } = resolveStage(
    options.stage === undefined
      ? (options.deployment ?? {})
      : { ...options.deployment, stage: options.stage },
    options.switches,
  );
  const rules = options.rules ?? true;
  const app = new App({
    ...(options.outdir === undefined ? {} : { outdir: options.outdir }),
    analyticsReporting: false,
    autoSynth: false,
    // Flags for runs without the CDK CLI, which passes the same file itself.
    context: { ...cdkJson.context, ...(options.bundle === false ? { [BUNDLE_CONTEXT]: false } : {}) },
    ...(rules ? {} : { postCliContext: { '@aws-cdk/core:validateAgainstDefaultRules': false } }),
  });
  const names = stackNames(record.stage);
  const state = new StateStack(app, names.state, {
    record,
    description: 'Autopack: tables, artifacts, keys and people',
    terminationProtection: record.terminationProtection,
  });
  new ControlPlaneStack(app, names.controlPlane, {
    record,
    state,
    description: 'Autopack: the path of an action, its API and its alarms',
  });
  for (const warning of warnings) Annotations.of(state).addWarningV2('autopack:deployment', warning);
  if (rules) addRules(app);
  return app;
};
