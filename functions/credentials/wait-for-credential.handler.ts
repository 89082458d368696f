import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { readAction } from '#shared/actions/ledger.aws.ts';
import { CallbackInput } from '#shared/actions/step-results.ts';
import { encryptToken } from '#shared/approvals/task-token.aws.ts';
import { failWait } from '#shared/approvals/tell-wait.aws.ts';
import { readDryRun } from '#shared/artifacts/artifacts.aws.ts';
import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { askForPerson } from '#shared/credentials/ask-for-person.ts';
import { readStanding } from '#shared/credentials/conditions.aws.ts';
import { credentialIsUsable, openCredential } from '#shared/credentials/credentials.aws.ts';
import { putCredentialWait, readCredentialWait } from '#shared/credentials/credential-waits.aws.ts';
import { openReauthTask } from '#shared/credentials/reauth-tasks.aws.ts';
import { tellCredentialWait } from '#shared/credentials/tell-credential-wait.aws.ts';
import { hostIsStandIn } from '#shared/providers/stand-in.ts';
import { env as environments } from './env.ts';
import { waitForCredential } from './wait-for-credential.ts';

const env = parseEnv(environments['wait-for-credential'], process.env);
const db = documentClient();
const sfn = new SFNClient({});
const secrets = new SecretsManagerClient({});

const deps = {
  now: Date.now,
  readAction: readAction(db, env.ACTIONS_TABLE),
  readDryRun: readDryRun(new S3Client({}), env.ARTIFACTS_BUCKET),
  readWait: readCredentialWait(db, env.CREDENTIALS_TABLE),
  putWait: putCredentialWait(db, env.CREDENTIALS_TABLE),
  credentialIsUsable: credentialIsUsable(db, env.CREDENTIALS_TABLE, secrets),
  askForPerson: askForPerson({
    now: Date.now,
    readStanding: readStanding(db, env.CREDENTIALS_TABLE),
    resolveCredential: openCredential(secrets),
    openReauthTask: openReauthTask(db, env.CREDENTIALS_TABLE, Date.now),
  }),
  hostIsStandIn,
  encryptToken: encryptToken(new KMSClient({}), env.TOKEN_KEY_ARN),
  tell: tellCredentialWait(sfn),
  fail: failWait(sfn),
};

export const handler = async (event: unknown): Promise<void> =>
  waitForCredential(CallbackInput.parse(event), deps);
