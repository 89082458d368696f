import type { RenderedRequest } from '#shared/actions/dry-run.ts';
import { actionPk, timestamp } from '#shared/actions/identity.ts';
import type { ReadAction, ReadDryRun } from '#shared/actions/ledger.ts';
import type { CallbackInput } from '#shared/actions/step-results.ts';
import type { AskForPerson } from '#shared/credentials/ask-for-person.ts';
import type { CredentialIsUsable } from '#shared/credentials/credential.ts';
import type {
  CredentialWait,
  PutCredentialWait,
  ReadCredentialWait,
  TellCredentialWait,
} from '#shared/credentials/credential-wait.ts';

export interface WaitForCredentialDeps {
  readonly now: () => number;
  readonly readAction: ReadAction;
  readonly readDryRun: ReadDryRun;
  readonly readWait: ReadCredentialWait;
  readonly putWait: PutCredentialWait;
  readonly credentialIsUsable: CredentialIsUsable;
  readonly askForPerson: AskForPerson;
  readonly hostIsStandIn: (request: RenderedRequest) => boolean;
  readonly encryptToken: (actionPk: string, token: string) => Promise<string>;
  readonly tell: TellCredentialWait;
  readonly fail: (taskToken: string, error: string, cause: string) => Promise<'told' | 'gone'>;
}

const ATTEMPTS = 5;

/** Puts the token in place of whatever an earlier wait left there. */
const store = async (
  row: Omit<CredentialWait, 'version' | 'createdAt' | 'updatedAt'>,
  deps: WaitForCredentialDeps,
): Promise<CredentialWait> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const from = await deps.readWait(row);
    const at = timestamp(deps.now());
    const to = { ...row, version: (from?.version ?? 0) + 1, createdAt: from?.createdAt ?? at, updatedAt: at };
    if ((await deps.putWait(from, to)) === 'stored') return to;
  }
  throw new Error('CONFLICT: the wait of this action keeps changing');
};

const wait = async ({ action: id, taskToken }: CallbackInput, deps: WaitForCredentialDeps): Promise<void> => {
  const [row, dryRun] = await Promise.all([deps.readAction(id), deps.readDryRun(id)]);
  const credential = dryRun?.request.credential ?? null;
  if (row?.status !== 'PAUSED_CREDENTIAL' || dryRun === undefined || credential === null) {
    // Cancelled, expired or in no need of a credential: Execute reads the ledger and knows what to do.
    await deps.tell(taskToken);
    return;
  }
  const hostIsOverridden = deps.hostIsStandIn(dryRun.request);
  const stored = await store(
    {
      schemaVersion: 1,
      project: id.project,
      key: id.key,
      status: 'WAITING',
      taskToken: await deps.encryptToken(actionPk(id), taskToken),
      credential,
      hostIsOverridden,
    },
    deps,
  );
  // It may have become usable while the token was on its way here; the sweeper looks every minute from now on.
  if (!(await deps.credentialIsUsable(id.project, credential, hostIsOverridden))) {
    await deps.askForPerson(id.project, credential, hostIsOverridden);
    return;
  }
  await deps.tell(taskToken);
  await deps.putWait(stored, {
    ...stored,
    version: stored.version + 1,
    status: 'TOLD',
    updatedAt: timestamp(deps.now()),
  });
};

/**
 * "Wait for the credential": keeps the token of the wait until the credential can be used, and asks for a person where
 * one is needed. Idempotent. A failure is told to the wait as `Autopack.Transient`, because a callback task that throws would be left hanging.
 */
export const waitForCredential = async (input: CallbackInput, deps: WaitForCredentialDeps): Promise<void> => {
  try {
    await wait(input, deps);
  } catch (error) {
    const cause = error instanceof Error ? error.name : 'unknown';
    await deps.fail(
      input.taskToken,
      'Autopack.Transient',
      `The wait for the credential could not be set up: ${cause}`,
    );
  }
};
