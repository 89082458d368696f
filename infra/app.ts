import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { composeApp } from './compose.ts';
import { AUTO_APPROVE_SWITCHES, DeploymentRefusedError, readDeployment } from './deployment.ts';

/**
 * Entry of the CDK CLI (cdk.json). The only file of the stack that reads the environment and the CDK context;
 * what it may find there is in docs/deploy.md.
 */
const context = new App({ autoSynth: false }).node;
const said = (name: string): unknown => context.tryGetContext(name) ?? undefined;

try {
  const file = said('deployment');
  const deployment = readDeployment({
    file: typeof file === 'string' ? JSON.parse(readFileSync(file, 'utf8')) : undefined,
    context: said,
    environment: process.env,
  });
  const app = composeApp({
    deployment,
    switches: {
      publicRead: process.env['AUTOPACK_PUBLIC_READ'] ?? (said('AUTOPACK_PUBLIC_READ') as string | undefined),
      autoApprove: AUTO_APPROVE_SWITCHES.filter(
        (name) => said(name) !== undefined || process.env[name] !== undefined,
      ),
    },
  });
  app.synth();
} catch (error) {
  if (!(error instanceof DeploymentRefusedError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
