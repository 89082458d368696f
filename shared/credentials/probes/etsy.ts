import * as z from 'zod';
import { OAUTH } from '../oauth/providers.ts';
import { CANNOT_TELL, jsonOf, type Probe } from './probe.ts';

const Me = z.object({ user_id: z.union([z.int().positive(), z.string().regex(/^\d{1,20}$/)]) });
const Refusal = z.object({ error: z.string() });

/** `GET users/me`, with the client's key pair in `x-api-key`. Other 403s are about the client, not about the token. */
export const etsyProbe: Probe = {
  request: (_credential, { accessToken = '', clientId = '', clientSecret = '' }) => ({
    method: 'GET',
    url: OAUTH.etsy.accountUrl ?? '',
    headers: { authorization: `Bearer ${accessToken}`, 'x-api-key': `${clientId}:${clientSecret}` },
    body: null,
  }),
  classify: (reply) => {
    const body = jsonOf(reply);
    if (reply.status === 200) {
      const user = Me.safeParse(body).data?.user_id;
      return user === undefined ? CANNOT_TELL : { kind: 'works', account: String(user) };
    }
    const error = Refusal.safeParse(body).data?.error;
    if (error === undefined) return CANNOT_TELL;
    if (reply.status === 401) return { kind: 'refused' };
    return reply.status === 403 && /insufficient_scope/i.test(error)
      ? { kind: 'limited', account: null }
      : CANNOT_TELL;
  },
};
