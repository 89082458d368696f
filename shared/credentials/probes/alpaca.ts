import * as z from 'zod';
import { ALPACA_HOSTS } from '../../providers/alpaca/hosts.ts';
import { CANNOT_TELL, jsonOf, type Probe } from './probe.ts';

const Account = z.object({
  account_number: z.string().min(1).max(60),
  account_blocked: z.boolean().optional(),
  trading_blocked: z.boolean().optional(),
  trade_suspended_by_user: z.boolean().optional(),
});
const Refusal = z.object({ message: z.string().max(500) });

/** `GET /v2/account`. Only a 401 with Alpaca's own body says that the keys are wrong; a 403 may be anything. */
export const alpacaProbe: Probe = {
  request: ({ environment }, { keyId = '', secretKey = '' }) =>
    environment === 'PAPER' || environment === 'PRODUCTION'
      ? {
          method: 'GET',
          url: `https://${ALPACA_HOSTS[environment]}/v2/account`,
          headers: { 'apca-api-key-id': keyId, 'apca-api-secret-key': secretKey },
          body: null,
        }
      : undefined,
  classify: (reply) => {
    if (reply.status === 401)
      return Refusal.safeParse(jsonOf(reply)).success ? { kind: 'refused' } : CANNOT_TELL;
    const account = reply.status === 200 ? Account.safeParse(jsonOf(reply)).data : undefined;
    if (account === undefined) return CANNOT_TELL;
    const blocked =
      account.account_blocked === true ||
      account.trading_blocked === true ||
      account.trade_suspended_by_user === true;
    return { kind: blocked ? 'limited' : 'works', account: account.account_number };
  },
};
