import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { App, Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type IDestination,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type BuildOptions, buildSync, type Metafile } from 'esbuild';
import { constructId, ENTRIES, type Entry, type EnvironmentOf } from '../entries.ts';
import type { StageRecord } from '../stages.ts';
import { acknowledge } from './acknowledge.ts';
import { RetainedLogGroup } from './log-group.ts';
import { ownSourceMap } from './own-source-map.ts';

/** Set to false by tests that look at templates only: functions get a line of text instead of their bundle. */
export const BUNDLE_CONTEXT = 'autopack:bundle';

const ROOT = resolve(import.meta.dirname, '../..');
const CEDAR_WASM = createRequire(import.meta.url)
  .resolve('@cedar-policy/cedar-wasm/nodejs')
  .replace(/\.js$/, '_bg.wasm');

/** Cedar's module is CommonJS and reads its .wasm from beside itself. */
const COMMONJS_BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
  'const __dirname = import.meta.dirname;',
].join('');

/** How everything that runs on Lambda is built. */
export const BUILD = {
  absWorkingDir: ROOT,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  alias: {
    '@aws-sdk/lib-dynamodb': join(import.meta.dirname, 'lib-dynamodb.js'),
    '@aws-sdk/credential-provider-node': join(import.meta.dirname, 'lambda-credentials.js'),
  },
  banner: { js: COMMONJS_BANNER },
  minify: true,
  // Names of errors and classes are part of what state machines and logs say.
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  metafile: true,
  write: false,
  logLevel: 'error',
} as const satisfies BuildOptions;

const sourceOf = (entry: string): string => `functions/${entry}.handler.ts`;

/** Whether a module of ours in the bundle says `import()`: what it names is for a few invocations only. */
const loadsOnDemand = ({ inputs, outputs }: Metafile, entry: string): boolean =>
  Object.values(outputs).some(
    (output) =>
      output.entryPoint === sourceOf(entry) &&
      Object.keys(output.inputs).some(
        (path) =>
          !path.includes('node_modules/') &&
          inputs[path]?.imports.some(({ kind }) => kind === 'dynamic-import'),
      ),
  );

/**
 * Bundles every function into `<outdir>/bundles/<entry>/index.mjs`, all in one pass; one that loads something on
 * demand is built again on its own, with that in files beside `index.mjs`, so that a start does not read it. The
 * metafile is written beside the bundles, not into them, and every path in a bundle is relative to the checkout, so
 * the same source gives the same hash anywhere.
 */
export const bundleFunctions = (outdir: string, entries: readonly string[] = ENTRIES): void => {
  const bundles = join(outdir, 'bundles');
  const virtual = join(ROOT, 'cdk.out', 'bundles');
  const { metafile: whole, outputFiles: files } = buildSync({
    ...BUILD,
    entryPoints: Object.fromEntries(entries.map((entry) => [`${entry}/index`, sourceOf(entry)])),
    outdir: virtual,
  });
  const split = entries.filter((entry) => loadsOnDemand(whole, entry));
  const replaced = split.map((entry) => join(virtual, entry));
  const parts = split.map((entry) =>
    buildSync({
      ...BUILD,
      entryPoints: { index: sourceOf(entry) },
      outdir: join(virtual, entry),
      splitting: true,
    }),
  );
  const kept = files.filter(({ path }) => !replaced.includes(dirname(path)));
  rmSync(bundles, { recursive: true, force: true });
  for (const file of [...kept, ...parts.flatMap(({ outputFiles }) => outputFiles)]) {
    const target = join(bundles, relative(virtual, file.path));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, file.path.endsWith('.map') ? ownSourceMap(file.text) : file.contents);
  }
  // What was built again has the same names; its parts come on top.
  const outputs = Object.assign({}, whole.outputs, ...parts.map(({ metafile }) => metafile.outputs));
  for (const [path, output] of Object.entries<Metafile['outputs'][string]>(outputs))
    if (Object.keys(output.inputs).some((input) => input.includes('/@cedar-policy/cedar-wasm/')))
      copyFileSync(
        CEDAR_WASM,
        join(bundles, relative(virtual, join(ROOT, dirname(path))), basename(CEDAR_WASM)),
      );
  writeFileSync(join(outdir, 'bundles.json'), JSON.stringify({ inputs: whole.inputs, outputs }));
};

const bundled = new WeakSet<App>();

const codeOf = (scope: Construct, entry: Entry): Code => {
  if (scope.node.tryGetContext(BUNDLE_CONTEXT) === false) return Code.fromInline(`// ${entry}`);
  const app = App.of(scope) as App;
  if (!bundled.has(app)) {
    bundleFunctions(app.outdir);
    bundled.add(app);
  }
  return Code.fromAsset(join(app.outdir, 'bundles', ...entry.split('/')));
};

/** Sending is all that a destination needs; the library's own also lets the function look at the queue. */
const failureTo = (queue: IQueue): IDestination => ({
  bind: (_scope, fn) => {
    fn.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] }));
    return { destination: queue.queueArn };
  },
});

export interface EntryFunctionProps<E extends Entry> {
  readonly record: StageRecord;
  /** Typed by the function's own schema: leaving one out does not compile. */
  readonly environment: EnvironmentOf<E>;
  /** @default 15 seconds */
  readonly timeout?: Duration;
  /** @default 512 MB; more memory is also more processor */
  readonly memoryMb?: number;
  /** `synchronous`: whoever calls sees the failure. A queue: gets what an asynchronous invocation failed on. */
  readonly failures: 'synchronous' | IQueue;
}

/** A function of `functions/`: the only place that knows how they are bundled and on what they run. */
export class EntryFunction<E extends Entry> extends LambdaFunction {
  constructor(scope: Construct, entry: E, props: EntryFunctionProps<E>) {
    const id = constructId(entry);
    const logGroup = new RetainedLogGroup(scope, `${id}Logs`, props.record);
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    super(scope, id, {
      description: entry,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: codeOf(scope, entry),
      handler: 'index.handler',
      role,
      logGroup,
      tracing: Tracing.ACTIVE,
      timeout: props.timeout ?? Duration.seconds(15),
      memorySize: props.memoryMb ?? 512,
      environment: { ...props.environment, NODE_OPTIONS: '--enable-source-maps' },
      ...(props.failures === 'synchronous'
        ? {}
        : {
            onFailure: failureTo(props.failures),
            retryAttempts: 2,
            maxEventAge: Duration.hours(1),
          }),
    });
    logGroup.grantWrite(role);
    acknowledge(role, {
      'AwsSolutions-IAM5[Resource::*]':
        'X-Ray has no resources: PutTraceSegments and PutTelemetryRecords only exist on "*".',
    });
    acknowledge(this, {
      'Serverless-LambdaDLQ':
        props.failures === 'synchronous'
          ? 'Never invoked asynchronously: the API or the state machine waits for the answer and sees the failure.'
          : 'An on-failure destination holds what failed, with the error; a dead letter target would hold less.',
    });
  }
}
