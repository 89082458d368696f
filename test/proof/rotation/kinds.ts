import { newKeyring, signWithKeyring, verifyWithKeyring } from '#shared/credentials/keyring.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { openKeyring } from '#shared/credentials/rotation/keyring-document.ts';
import type { RotationKind } from '#shared/credentials/rotation/kind.ts';
import { operatorStagedKind } from '#shared/credentials/rotation/operator-staged.ts';
import { hmacKeyringKind, signingKeyKind } from '#shared/credentials/rotation/ring-kinds.ts';
import { openSigningKeys, signReceipt, verifyReceipt } from '#shared/credentials/rotation/signing-keys.ts';
import { type SecretVersions, STAGED } from '#shared/credentials/rotation/versions.ts';
import { aCredential } from '../../credentials/rows.ts';
import type { Disturbance } from './faults.ts';
import { SecretsModel } from './secrets-model.ts';

export const NOW = Date.UTC(2026, 10, 21, 9);
export const TIMING = { cacheMs: 300_000, lifeMs: 3_600_000, skewMs: 60_000 };

/** Bytes that are never the same twice, and the same in every run. */
export const bytesOf = (seed: number) => {
  let count = seed;
  return (size: number): Uint8Array =>
    Uint8Array.from({ length: size }, (_, index) => ((count += 1) * 131 + index * 17) % 256);
};

/** A provider that knows which keys let whom in. */
export class ProviderModel {
  readonly keys = new Map<string, string | null>();
  /** It cannot be asked for the next so many times. */
  silent = 0;
  probe = async (_credential: unknown, { secretKey = '' }: Readonly<Record<string, string>>) => {
    if (this.silent > 0) {
      this.silent -= 1;
      return { verdict: 'cannot-tell', account: null } as const;
    }
    const account = this.keys.get(secretKey);
    return account === undefined
      ? ({ verdict: 'refused', account: null } as const)
      : ({ verdict: 'works', account } as const);
  };
}

/** A secret of one kind before its rotation, and what has to be true of its current value at every moment. */
export interface KindUnderTest {
  readonly grants: readonly Credential[];
  readonly secrets: SecretsModel;
  /** What the use of the secret would be refused for, if anything. */
  readonly broken: (current: string) => string | undefined;
  /** True of the value after the rotation, and not of the one before. */
  readonly isNew: (current: string) => boolean;
  readonly kind: (ports: SecretVersions, world: Disturbance) => RotationKind;
}

export const alpaca = (secretKey: string): string => JSON.stringify({ keyId: 'id', secretKey });

export const KINDS: Readonly<Record<string, (lag: number) => Promise<KindUnderTest>>> = {
  'hmac-keyring': async (lag) => {
    const random = bytesOf(1);
    const ring = newKeyring({ id: 'key-before', bytes: random(32) }, NOW - 86_400_000);
    const page = { purpose: 'page', text: 'live' };
    const live = signWithKeyring(ring, page, NOW - 1000, TIMING.lifeMs);
    return {
      grants: [],
      secrets: new SecretsModel(JSON.stringify(ring), lag),
      broken: (current) => {
        const verdict = verifyWithKeyring(openKeyring(current), page, live, NOW, TIMING);
        return verdict === 'valid' ? undefined : `a live signature is ${verdict}`;
      },
      isNew: (current) => openKeyring(current).keys.length === 2,
      kind: () => hmacKeyringKind(TIMING, { now: () => NOW, randomBytes: random }),
    };
  },
  'hmac-keyring from its seed': async (lag) => {
    const seed = JSON.stringify({ v: 0, seed: 'x'.repeat(64) });
    const page = { purpose: 'page', text: 'live' };
    const live = signWithKeyring(openKeyring(seed), page, NOW - 1000, TIMING.lifeMs);
    return {
      grants: [],
      secrets: new SecretsModel(seed, lag),
      broken: (current) => {
        const verdict = verifyWithKeyring(openKeyring(current), page, live, NOW, TIMING);
        return verdict === 'valid' ? undefined : `a live signature is ${verdict}`;
      },
      isNew: (current) => openKeyring(current).keys.length === 2,
      kind: () => hmacKeyringKind(TIMING, { now: () => NOW, randomBytes: bytesOf(2) }),
    };
  },
  'signing-key': async (lag) => {
    const seed = JSON.stringify({ v: 0, seed: 'y'.repeat(64) });
    const receipt = { purpose: 'export', text: 'receipt' };
    const signed = signReceipt(openSigningKeys(seed), receipt, NOW - 1000);
    return {
      grants: [],
      secrets: new SecretsModel(seed, lag),
      broken: (current) => {
        const verdict = verifyReceipt(openSigningKeys(current), receipt, signed);
        return verdict === 'valid' ? undefined : `an old receipt is ${verdict}`;
      },
      isNew: (current) => openSigningKeys(current).keys.length === 2,
      kind: () => signingKeyKind(TIMING, { now: () => NOW, randomBytes: bytesOf(3) }),
    };
  },
  'operator-staged': async (lag) => {
    const provider = new ProviderModel();
    provider.keys.set('before', 'account-1').set('after', 'account-1');
    const secrets = new SecretsModel(alpaca('before'), lag);
    await secrets.ports.putVersion(SecretsModel.ID, {
      token: 'staged-by-an-operator-0000000000000',
      value: alpaca('after'),
      stage: STAGED,
    });
    return {
      grants: [aCredential(), aCredential({ project: 'other' })],
      secrets,
      broken: (current) =>
        [...provider.keys.keys()].some((key) => alpaca(key) === current)
          ? undefined
          : 'the provider refuses the current key',
      isNew: (current) => current === alpaca('after'),
      kind: (ports, world) =>
        operatorStagedKind(aCredential(), {
          readVersion: ports.readVersion,
          removeStage: ports.removeStage,
          probe: world.wrap('probe', provider.probe),
          knownAccount: world.wrap('knownAccount', async () => null),
        }),
    };
  },
};
