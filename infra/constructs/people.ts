import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccountRecovery, CfnUserPoolGroup, FeaturePlan, Mfa, UserPool } from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { StageRecord } from '../stages.ts';
import { acknowledge } from './acknowledge.ts';
import { pin } from './pin.ts';

export interface PeopleProps {
  readonly record: StageRecord;
}

/** The user pool: who people are. What they may do is in the registry. */
export class People extends Construct {
  readonly userPool: UserPool;

  constructor(scope: Construct, id: string, { record }: PeopleProps) {
    super(scope, id);
    this.userPool = new UserPool(this, 'UserPool', {
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      signInCaseSensitive: false,
      autoVerify: { email: true },
      keepOriginal: { email: true },
      standardAttributes: { email: { required: true, mutable: true } },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      mfa: record.identity.secondFactor === 'required' ? Mfa.REQUIRED : Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      passwordPolicy: {
        minLength: 14,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      featurePlan: FeaturePlan.ESSENTIALS,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    pin(this.userPool, 'UserPool');
    acknowledge(this.userPool, {
      'AwsSolutions-COG8': 'The Plus plan costs per person; sign-in is by invitation, with a second factor.',
      ...(record.identity.secondFactor === 'optional'
        ? {
            'AwsSolutions-COG2':
              'Development people sign in without a second factor if they like; production requires it.',
          }
        : {}),
    });
    new CfnUserPoolGroup(this, 'Operators', {
      userPoolId: this.userPool.userPoolId,
      groupName: record.operatorGroup,
      description: 'May approve and decide, where the registry says so too',
    });
  }
}
