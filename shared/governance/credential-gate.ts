import type { ReadCredential } from '../credentials/credential.ts';
import { fitsHost } from '../credentials/secret-fields.ts';
import { hostIsStandIn } from '../providers/stand-in.ts';
import type { Gate, GateAnswer } from './gate.ts';
import { reason } from './reasons.ts';

/**
 * The credentials gate: the metadata is there, for this very environment, and a stand-in's secret meets stand-ins
 * only, a real one never. Whether the secret can be read now does not matter here: an approved action
 * waits for it.
 */
export const credentialGate =
  (read: ReadCredential): Gate =>
  async ({ dryRun, project }): Promise<GateAnswer> => {
    const ref = dryRun.request.credential;
    if (ref === null) return { kind: 'allow', reasons: [] };
    const credential = await read(project.project, ref);
    if (credential === undefined) {
      const detail = `No credential is registered for ${ref.provider} ${ref.account} (${ref.environment}).`;
      return { kind: 'refuse', reasons: [reason('credentials', 'CREDENTIAL_UNKNOWN', detail)] };
    }
    if (
      credential.environment !== ref.environment ||
      credential.account !== ref.account ||
      credential.provider !== ref.provider
    ) {
      return { kind: 'refuse', reasons: [reason('credentials', 'CREDENTIAL_ENVIRONMENT')] };
    }
    return fitsHost(credential.standIn, hostIsStandIn(dryRun.request))
      ? { kind: 'allow', reasons: [] }
      : { kind: 'refuse', reasons: [reason('credentials', 'CREDENTIAL_STAND_IN')] };
  };
