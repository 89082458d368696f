import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { EmailIdentity, Identity as SesIdentity } from 'aws-cdk-lib/aws-ses';
import type { Construct } from 'constructs';
import { ActionPath } from '../constructs/action-path.ts';
import { ActionSteps } from '../constructs/actions.ts';
import { Alarms } from '../constructs/alarms.ts';
import { Approvals } from '../constructs/approvals.ts';
import { Connections } from '../constructs/connections.ts';
import { CredentialHealth } from '../constructs/credential-health.ts';
import { Credentials } from '../constructs/credentials.ts';
import { DeadLetters } from '../constructs/dead-letters.ts';
import { Governance } from '../constructs/governance.ts';
import { grantExecutions } from '../constructs/grants.ts';
import { PublicApi } from '../constructs/http-api.ts';
import { Identity } from '../constructs/identity.ts';
import { LedgerApi } from '../constructs/ledger-api.ts';
import { Operators } from '../constructs/operators.ts';
import { PoliciesApi } from '../constructs/policies-api.ts';
import { Policies } from '../constructs/policies.ts';
import { PolicyCheck } from '../constructs/policy-check.ts';
import { Rotation } from '../constructs/rotation.ts';
import { ReauthTasks } from '../constructs/reauth-tasks.ts';
import { providerOverrides, type Surroundings } from '../constructs/surroundings.ts';
import { Sweeper } from '../constructs/sweeper.ts';
import type { StageRecord } from '../stages.ts';
import type { StateStack } from './state.ts';

export interface ControlPlaneStackProps extends StackProps {
  readonly record: StageRecord;
  readonly state: StateStack;
}

/** Everything that runs. It can be deleted and deployed again without losing a row. */
export class ControlPlaneStack extends Stack {
  constructor(scope: Construct, id: string, { record, state, ...props }: ControlPlaneStackProps) {
    super(scope, id, props);
    const publicApi = new PublicApi(this, 'PublicApi', { record });
    const identity = new Identity(this, 'Identity', {
      record,
      userPool: state.people.userPool,
      publicUrl: publicApi.url,
    });
    const sender = new EmailIdentity(this, 'Sender', { identity: SesIdentity.email(record.senderAddress) });
    const deadLetters = new DeadLetters(this, 'DeadLetters');
    const surroundings: Surroundings = {
      record,
      tables: state.tables,
      artifacts: state.artifacts.bucket,
      tokenKey: state.keys.token,
      deadLetters: deadLetters.queue,
      publicUrl: publicApi.url,
      overrides: providerOverrides(this, record),
      house: state.house,
    };

    const steps = new ActionSteps(this, 'Actions', surroundings);
    const governance = new Governance(this, 'Governance', surroundings);
    const approvals = new Approvals(this, 'Approvals', { ...surroundings, sender });
    const credentials = new Credentials(this, 'Credentials', surroundings);
    const { machine: path } = new ActionPath(this, 'ActionPath', {
      record,
      tokenKey: state.keys.token,
      steps: {
        RenderAction: steps.renderAction,
        EvaluateGates: governance.evaluateGates,
        RequestApproval: approvals.requestApproval,
        CloseApproval: approvals.closeApproval,
        ExecuteAction: steps.executeAction,
        WaitForCredential: credentials.waitForCredential,
        ReconcileAction: steps.reconcileAction,
      },
    });
    grantExecutions(approvals.requestApproval, path, 'succeedTask', 'failTask');
    grantExecutions(credentials.waitForCredential, path, 'succeedTask', 'failTask');
    grantExecutions(approvals.decideApproval, path, 'succeedTask');

    const ledger = new LedgerApi(this, 'Ledger', { ...surroundings, path });
    const operators = new Operators(this, 'Operators', { ...surroundings, identity });
    const policies = new Policies(this, 'Policies', { ...surroundings, sender });
    const check = new PolicyCheck(this, 'PolicyCheck', { ...surroundings, policies });
    const policiesApi = new PoliciesApi(this, 'PoliciesApi', { ...surroundings, check: check.machine });
    const connections = new Connections(this, 'Connections', surroundings);
    const rotation = new Rotation(this, 'Rotation', surroundings);
    const health = new CredentialHealth(this, 'CredentialHealth', { ...surroundings, sender });
    new ReauthTasks(this, 'ReauthTasks', { ...surroundings, sender });
    new Sweeper(this, 'Sweeper', { ...surroundings, path });
    new Alarms(this, 'Alarms', { record, path, check: check.machine, deadLetters: deadLetters.queue });

    const functions: Readonly<Record<string, IFunction>> = {
      ...ledger.functions,
      ...approvals.functions,
      ...governance.functions,
      ...operators.functions,
      ...check.functions,
      ...policiesApi.functions,
      ...connections.functions,
      ...rotation.functions,
      ...health.functions,
    };
    publicApi.addRoutes((entry) => {
      const found = functions[entry];
      if (found === undefined) throw new Error(`no function for the routes of ${entry}`);
      return found;
    });

    new CfnOutput(this, 'PublicUrl', { value: publicApi.url, description: 'Base URL of API and console' });
    new CfnOutput(this, 'Issuer', { value: identity.issuer, description: 'OIDC issuer' });
    new CfnOutput(this, 'CliClientId', {
      value: identity.cliClient.userPoolClientId,
      description: 'OAuth client of the CLI',
    });
  }
}
