import * as z from 'zod';
import { CANNOT_TELL, jsonOf, type Probe } from './probe.ts';

const Models = z.object({ data: z.array(z.unknown()) });
const Refusal = z.object({ error: z.object({ type: z.string() }) });

/** `GET /v1/models`, which spends no tokens. A 403 `permission_error` is a key that lives and may do less. */
export const anthropicProbe: Probe = {
  request: (_credential, { apiKey = '' }) => ({
    method: 'GET',
    url: 'https://api.anthropic.com/v1/models?limit=1',
    headers: { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' },
    body: null,
  }),
  classify: (reply) => {
    const body = jsonOf(reply);
    const account = reply.headers['anthropic-organization-id'] ?? null;
    const type = Refusal.safeParse(body).data?.error.type;
    if (reply.status === 200)
      return Models.safeParse(body).success ? { kind: 'works', account } : CANNOT_TELL;
    if (reply.status === 401 && type === 'authentication_error') return { kind: 'refused' };
    return reply.status === 403 && type === 'permission_error' ? { kind: 'limited', account } : CANNOT_TELL;
  },
};
