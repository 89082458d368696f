import * as z from 'zod';
import { OAUTH } from '../oauth/providers.ts';
import { CANNOT_TELL, jsonOf, type Probe } from './probe.ts';

const Channels = z.object({ items: z.array(z.object({ id: z.string().min(1).max(100) })).default([]) });
const Refusal = z.object({
  error: z.object({ errors: z.array(z.object({ reason: z.string() })).default([]) }),
});
const TOO_FEW_SCOPES = new Set(['insufficientPermissions', 'ACCESS_TOKEN_SCOPE_INSUFFICIENT']);

/** `channels.list` of one's own, one unit of quota. Google's reasons say what a 403 is. */
export const youtubeProbe: Probe = {
  request: (_credential, { accessToken = '' }) => ({
    method: 'GET',
    url: OAUTH.youtube.accountUrl ?? '',
    headers: { authorization: `Bearer ${accessToken}` },
    body: null,
  }),
  classify: (reply) => {
    const body = jsonOf(reply);
    if (reply.status === 200) {
      const channels = Channels.safeParse(body).data;
      return channels === undefined ? CANNOT_TELL : { kind: 'works', account: channels.items[0]?.id ?? null };
    }
    const error = Refusal.safeParse(body).data?.error;
    if (error === undefined) return CANNOT_TELL;
    if (reply.status === 401) return { kind: 'refused' };
    return reply.status === 403 && error.errors.some(({ reason }) => TOO_FEW_SCOPES.has(reason))
      ? { kind: 'limited', account: null }
      : CANNOT_TELL;
  },
};
