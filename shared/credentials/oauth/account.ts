import * as z from 'zod';
import type { OutgoingRequest, ProviderReply } from '../../providers/provider.ts';
import type { Connection } from './connection.ts';
import type { OAuthEndpoints } from './endpoints.ts';

const YouTubeChannels = z.object({ items: z.array(z.object({ id: z.string().min(1).max(100) })).min(1) });
const EtsyMe = z.object({ user_id: z.union([z.int().positive(), z.string().regex(/^\d{1,20}$/)]) });

/** The question whose account an access token is of; null where the token endpoint belongs to the account. */
export const accountRequest = (
  { name, accountUrl }: OAuthEndpoints,
  { clientId, clientSecret }: Pick<Connection, 'clientId' | 'clientSecret'>,
  accessToken: string,
): OutgoingRequest | null =>
  accountUrl === null
    ? null
    : {
        method: 'GET',
        url: accountUrl,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${accessToken}`,
          // Since February 2026 Etsy wants both parts of the client's key.
          ...(name === 'etsy' ? { 'x-api-key': `${clientId}:${clientSecret ?? ''}` } : {}),
        },
        body: null,
        timeoutMs: 10_000,
      };

/** The provider's own name of the account: the channel, the user, the shop. Undefined where the answer has none. */
export const accountOf = (
  { name, shop }: OAuthEndpoints,
  reply: ProviderReply | null,
): string | undefined => {
  if (reply === null) return shop === null ? undefined : `${shop}.myshopify.com`;
  if (reply.status !== 200) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(reply.body);
  } catch {
    return undefined;
  }
  if (name === 'youtube') return YouTubeChannels.safeParse(body).data?.items[0]?.id;
  const user = EtsyMe.safeParse(body).data?.user_id;
  return user === undefined ? undefined : String(user);
};
