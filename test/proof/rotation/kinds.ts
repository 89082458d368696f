import { newKeyring, signWithKeyring, verifyWithKeyring } from '#shared/credentials/keyring.ts';
import type { Credential } from '#shared/credentials/credential.ts';
import { apiKeyKind } from '#shared/credentials/rotation/api-key.ts';
import { openKeyring } from '#shared/credentials/rotation/keyring-document.ts';
import type { RotationKind } from '#shared/credentials/rotation/kind.ts';
import { operatorStagedKind } from '#shared/credentials/rotation/operator-staged.ts';
import { hmacKeyringKind, signingKeyKind } from '#shared/credentials/rotation/ring-kinds.ts';
import { openSigningKeys, signReceipt, verifyReceipt } from '#shared/credentials/rotation/signing-keys.ts';
import {
  CURRENT,
  PENDING,
  PREVIOUS,
  type SecretVersions,
  STAGED,
} from '#shared/credentials/rotation/versions.ts';
import { aCredential } from '../../credentials/rows.ts';
import { ApiModel, keyed, RENEWAL } from './api-model.ts';
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
  /** Keys that the rotation made at a provider and whether all is well there; only where making one has an effect. */
  readonly atProvider?: () => { readonly made: number; readonly problems: readonly string[] };
}

export const alpaca = (secretKey: string): string => JSON.stringify({ keyId: 'id', secretKey });

/** A key with one before it, as the rotation before left them. */
const apiKey =
  (honoursKeys: boolean) =>
  async (lag: number): Promise<KindUnderTest> => {
    const api = new ApiModel(honoursKeys, 'first', 'before');
    const secrets = new SecretsModel(keyed('first'), lag);
    const token = 'version-of-the-rotation-before-0000';
    await secrets.ports.putVersion(SecretsModel.ID, { token, value: keyed('before'), stage: PENDING });
    await secrets.ports.moveStage(SecretsModel.ID, {
      stage: CURRENT,
      from: 'version-of-the-beginning-000000000',
      to: token,
    });
    await secrets.ports.removeStage(SecretsModel.ID, { stage: PENDING, from: token });
    // That was long ago: no read is behind it.
    for (let reads = 0; reads < lag; reads += 1) await secrets.ports.describeSecret(SecretsModel.ID);
    const works = (value: string): boolean => [...api.alive.keys()].some((key) => keyed(key) === value);
    const grants = [
      aCredential({ provider: 'http', kind: 'api-key', renewal: RENEWAL }),
      aCredential({ provider: 'http', kind: 'api-key', renewal: RENEWAL, project: 'other' }),
    ];
    return {
      grants,
      secrets,
      broken: (current) =>
        !works(current)
          ? 'the API refuses the current key'
          : api.alive.has('before')
            ? undefined
            : 'the key before was ended',
      isNew: (current) => api.made.some((key) => keyed(key) === current),
      kind: (ports, world) =>
        apiKeyKind(grants[0] as Credential, RENEWAL, {
          readVersion: ports.readVersion,
          ask: world.wrap('ask', api.ask),
        }),
      atProvider: () => ({
        made: api.made.length,
        problems: [
          ...(works(secrets.valueOf(CURRENT) ?? '') ? [] : ['the current key does not work']),
          ...(works(secrets.valueOf(PREVIOUS) ?? '') ? [] : ['the key before does not work']),
          ...(api.ended.some((key) => key !== 'first') ? ['another key than the oldest was ended'] : []),
          ...(honoursKeys && api.made.length !== 1 ? [`${api.made.length} keys were made`] : []),
        ],
      }),
    };
  };

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
  'api-key': apiKey(true),
  'api-key of an API that makes a new one for every request': apiKey(false),
};
