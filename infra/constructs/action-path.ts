import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  CustomerManagedEncryptionConfiguration,
  DefinitionBody,
  LogLevel,
  StateMachine,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import definition from '#statemachines/action.asl.json' with { type: 'json' };
import type { StageRecord } from '../stages.ts';
import { acknowledge } from './acknowledge.ts';
import { machineName } from './grants.ts';
import { RetainedLogGroup } from './log-group.ts';

export interface ActionPathProps {
  readonly record: StageRecord;
  /** Encrypts the history of executions, which holds task tokens. */
  readonly tokenKey: IKey;
  /** The function behind each token of the definition, as `RenderAction` for `${RenderActionFunctionArn}`. */
  readonly steps: Readonly<Record<string, IFunction>>;
}

/** The state machine of the path of an action (`statemachines/action.asl.json`). */
export class ActionPath extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, { record, tokenKey, steps }: ActionPathProps) {
    super(scope, id);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') });
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: Object.values(steps).map((step) => step.functionArn),
      }),
    );
    // The name is said here because the key's use is bound to it and a generated one would be a circle.
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName: machineName(Stack.of(this)),
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(JSON.stringify(definition)),
      definitionSubstitutions: Object.fromEntries(
        Object.entries(steps).map(([name, step]) => [`${name}FunctionArn`, step.functionArn]),
      ),
      role,
      tracingEnabled: true,
      logs: {
        destination: new RetainedLogGroup(this, 'Logs', record),
        level: LogLevel.ALL,
        includeExecutionData: false,
      },
      encryptionConfiguration: new CustomerManagedEncryptionConfiguration(tokenKey),
    });
    acknowledge(role, {
      'AwsSolutions-IAM5[Resource::*]':
        'X-Ray and the delivery of logs have no resources: their actions only exist on "*".',
    });
  }
}
