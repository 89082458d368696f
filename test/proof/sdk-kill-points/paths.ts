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
  /** An order that goes as the first one does until this request. */
  const until = (sweptFrom: string, differently: Partial<Path>): Path => ({
    proposal: order,
    sameBefore: 'approved, success',
    sweptFrom,
    ...differently,
  });
  const blind = http('POST', '/blind/things');
  return {
    'approved, success': { proposal: order },
    unattended: { proposal: http('GET', '/reports/7') },
    'approved, timeout after landing': until('provider:', { answers: ['does it, the reply is lost'] }),
    'approved, timeout without landing': until('provider:', { answers: ['never hears of it'] }),
    'approved, busy provider': until('provider:', { answers: ['is busy'] }),
    'approved, refused by the provider': until('provider:', {
      answers: Array.from({ length: 8 }, () => 'refuses it' as const),
    }),
    'approved, credential comes late': until('secretsmanager:', { secretComesLate: true }),
    rejected: until('decide:', { person: 'rejects' }),
    withdrawn: until('cancel:', { person: 'withdraws' }),
    'API that takes a key, timeout': {
      proposal: http('POST', '/keyed/things'),
      deduplicates: true,
      answers: ['never hears of it'],
      sweptFrom: 'execute:',
    },
    'API that cannot be asked': { proposal: blind, sweptFrom: 'execute:' },
    'API that cannot be asked, timeout': {
      proposal: blind,
      answers: ['does it, the reply is lost'],
      sameBefore: 'API that cannot be asked',
      sweptFrom: 'provider:',
    },
  };
};
