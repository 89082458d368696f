import * as z from 'zod';
import { CANNOT_TELL, jsonOf, type Probe } from './probe.ts';

const Models = z.object({ data: z.array(z.unknown()) });
const Refusal = z.object({
  error: z.object({ message: z.string().catch(''), code: z.string().nullable().catch(null) }),
});

/** `GET /v1/models`. A key that lacks a scope is told so by 401 or 403, and lives. */
export const openaiProbe: Probe = {
  request: (_credential, { apiKey = '' }) => ({
    method: 'GET',
    url: 'https://api.openai.com/v1/models',
    headers: { authorization: `Bearer ${apiKey}` },
    body: null,
  }),
  classify: (reply) => {
    const body = jsonOf(reply);
    const account = reply.headers['openai-organization'] ?? null;
    if (reply.status === 200)
      return Models.safeParse(body).success ? { kind: 'works', account } : CANNOT_TELL;
    const error = Refusal.safeParse(body).data?.error;
    if (error === undefined || (reply.status !== 401 && reply.status !== 403)) return CANNOT_TELL;
    if (/missing scopes|insufficient permissions/i.test(error.message)) return { kind: 'limited', account };
    return reply.status === 401 && error.code === 'invalid_api_key' ? { kind: 'refused' } : CANNOT_TELL;
  },
};
