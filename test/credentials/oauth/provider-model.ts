import { timestamp } from '#shared/actions/identity.ts';
import type { TokenAnswer } from '#shared/credentials/oauth/token-answer.ts';
import type { OAuthProvider } from '#shared/credentials/oauth/providers.ts';

/** A token endpoint with the rules of one provider. It remembers every exchange that worked. */
export const providerModel = (rotation: OAuthProvider['rotation'], now: () => number) => {
  let serial = 0;
  let alive: readonly string[] = ['refresh-0'];
  /** With grace: what each new refresh token leaves alive until it is used itself. */
  const before = new Map<string, string>();
  const exchanges: string[] = [];
  const access = new Set<string>();
  return {
    exchanges,
    access,
    isAlive: (token: string | undefined): boolean => token !== undefined && alive.includes(token),
    revoke: (): void => {
      alive = [];
    },
    /** By the client's own id and secret: nothing to rotate, nothing to lose. */
    mint(): TokenAnswer {
      if (alive.length === 0) return { kind: 'refused', code: 'invalid_client' };
      exchanges.push('client');
      serial += 1;
      access.add(`access-${serial}`);
      const accessExpiresAt = timestamp(now() + 3_600_000);
      return { kind: 'tokens', tokens: { accessToken: `access-${serial}`, accessExpiresAt } };
    },
    /** A person consents anew: tokens that have nothing to do with those before. */
    consent(): TokenAnswer {
      serial += 1;
      const [accessToken, refreshToken] = [`access-${serial}`, `refresh-${serial}`];
      access.add(accessToken);
      alive = [...alive, refreshToken];
      return {
        kind: 'tokens',
        tokens: { accessToken, accessExpiresAt: timestamp(now() + 3_600_000), refreshToken },
      };
    },
    exchange(token: string): TokenAnswer {
      if (!alive.includes(token)) return { kind: 'invalid-grant' };
      exchanges.push(token);
      serial += 1;
      const accessToken = `access-${serial}`;
      access.add(accessToken);
      const tokens = { accessToken, accessExpiresAt: timestamp(now() + 3_600_000) };
      if (rotation === 'never') return { kind: 'tokens', tokens };
      const refreshToken = `refresh-${serial}`;
      if (rotation === 'single-use') alive = [refreshToken];
      else {
        // Using the new one kills the old one; a replay of the old one replaces what it gave before.
        const old = before.get(token);
        alive = [...alive.filter((each) => each !== old && before.get(each) !== token), refreshToken];
        before.delete(token);
        before.set(refreshToken, token);
      }
      return { kind: 'tokens', tokens: { ...tokens, refreshToken } };
    },
  };
};
