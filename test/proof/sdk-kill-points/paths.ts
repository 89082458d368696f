import type { Path } from './run.ts';

/** Every path that is swept; `base` is where the provider is. */
export const pathsAt = (base: string): Readonly<Record<string, Path>> => {
  const order = {
    operation: 'alpaca/order.submit',
    payload: { symbol: 'AAPL', side: 'buy', type: 'market', time_in_force: 'day', qty: '1' },
  };
  const http = (method: string, path: string) => ({
    operation: 'http/request',
    payload: { method, url: `${base}${path}`, ...(method === 'GET' ? {} : { json: { note: 'made up' } }) },
  });
  return {
    'approved, success': { proposal: order },
    unattended: { proposal: http('GET', '/reports/7') },
    'approved, timeout after landing': { proposal: order, answers: ['does it, the reply is lost'] },
    'approved, timeout without landing': { proposal: order, answers: ['never hears of it'] },
    'approved, busy provider': { proposal: order, answers: ['is busy'] },
    'approved, refused by the provider': {
      proposal: order,
      answers: Array.from({ length: 8 }, () => 'refuses it' as const),
    },
    'approved, credential comes late': { proposal: order, secretComesLate: true },
    'API that takes a key, timeout': {
      deduplicates: true,
      proposal: http('POST', '/keyed/things'),
      answers: ['never hears of it'],
      sweptFrom: 'execute',
    },
    'API that cannot be asked': { proposal: http('POST', '/blind/things'), sweptFrom: 'execute' },
    'API that cannot be asked, timeout': {
      proposal: http('POST', '/blind/things'),
      answers: ['does it, the reply is lost'],
    },
    rejected: { proposal: order, person: 'rejects' },
    withdrawn: { proposal: order, person: 'withdraws' },
  };
};
