import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNT, type Ministack, REGION } from './ministack.ts';

const CDK = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');

/** A command of the CDK CLI that ended badly, with the end of what it said. */
export class CdkFailedError extends Error {
  override readonly name = 'CdkFailedError';
}

/** What failed, out of the hundreds of lines about each resource. */
const tellingLines = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !/_IN_PROGRESS|_COMPLETE|_SKIPPED|: (start|success): /.test(line) && line.trim() !== '')
    .slice(-40)
    .join('\n');

const cdk = (ministack: Ministack, folder: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CDK, ...args, '--no-color', '--no-notices', '--ci'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...ministack.environment,
        PATH: process.env['PATH'],
        HOME: folder,
        CDK_HOME: join(folder, 'cdk-home'),
        CDK_DISABLE_CLI_TELEMETRY: 'true',
        CI: 'true',
      },
    });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.once('error', reject);
    child.once('exit', (code) => {
      const text = Buffer.concat(said).toString();
      if (code === 0) resolve(text);
      else reject(new CdkFailedError(`cdk ${args[0]} ended with ${code}:\n${tellingLines(text)}`));
    });
  });

/** `cdk bootstrap`, once per account and region. */
export const bootstrap = async (ministack: Ministack, folder: string, assembly: string): Promise<void> => {
  await cdk(ministack, folder, ['bootstrap', '--app', assembly, `aws://${ACCOUNT}/${REGION}`]);
};

/** Outputs of the deployed stacks, by stack and name. */
export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * `cdk deploy --all` of an assembly.
 * @throws CdkFailedError with what the CLI said
 */
export const deploy = async (
  ministack: Ministack,
  folder: string,
  assembly: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Outputs> => {
  const outputs = join(folder, 'outputs.json');
  await cdk(ministack, folder, [
    'deploy',
    '--app',
    assembly,
    '--all',
    '--require-approval',
    'never',
    '--outputs-file',
    outputs,
    ...Object.entries(parameters).flatMap(([name, value]) => ['--parameters', `${name}=${value}`]),
  ]);
  return JSON.parse(readFileSync(outputs, 'utf8')) as Outputs;
};
