import { CustomResource, Tags } from 'aws-cdk-lib';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { composeApp } from '#infra/compose.ts';
import { STAGES } from '#infra/stages.ts';
import { workAround } from './work-arounds.ts';

/** Somebody who is in the registry since the second release. */
export const NEWCOMER = 'nina@example.test';

/** The app as it is, as the next release may change it, and as a release that cannot be deployed. */
export type Release = 'first' | 'second' | 'broken';

/**
 * Synthesizes a release of the development stage into `outdir` and applies the work-arounds. The second release
 * changes something of every stateful resource that may change in place, every function, and the registry's seed;
 * the broken one adds to it a resource whose function refuses.
 * @returns how often each work-around was needed
 */
export const synthesize = (release: Release, outdir: string): Readonly<Record<string, number>> => {
  const changed = release !== 'first';
  const app = composeApp({
    deployment: {
      stage: 'dev',
      ...(changed
        ? {
            alarmAddress: 'alarms@example.test',
            people: [
              ...STAGES.dev.people,
              { email: NEWCOMER, name: 'Nina Newcomer', projects: ['demo'], roles: ['viewer'] },
            ],
          }
        : {}),
    },
    outdir,
    rules: false,
  });
  if (changed) {
    Tags.of(app).add('release', 'second');
    for (const construct of app.node.findAll()) {
      if (construct instanceof LambdaFunction) construct.addEnvironment('RELEASE', release);
      if (construct instanceof CfnKey) construct.description = `${construct.description}, second release`;
      if (construct instanceof CfnBucket)
        construct.addPropertyOverride(
          'LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays',
          120,
        );
    }
  }
  if (release === 'broken') {
    const [, controlPlane] = app.node.children.filter((child) => child.node.id.startsWith('Autopack-'));
    if (controlPlane === undefined) throw new Error('The app has no control plane');
    const seed = controlPlane.node.findChild('Operators').node.findChild('SeedRegistry');
    if (!(seed instanceof LambdaFunction)) throw new Error('The control plane has no SeedRegistry');
    // Comes last, so that everything else has been changed when it fails.
    new CustomResource(controlPlane, 'CannotBeMade', {
      serviceToken: seed.functionArn,
      resourceType: 'Custom::CannotBeMade',
      properties: { people: 'nobody' },
    }).node.addDependency(controlPlane.node.findChild('Sweeper'), controlPlane.node.findChild('Operators'));
  }
  app.synth();
  return workAround(outdir);
};
