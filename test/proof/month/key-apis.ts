import { listenOnLoopback } from '#infra/local/loopback.ts';

/** APIs whose keys nobody renews: each lets exactly one key in, until somebody makes another. */
export const serveKeyApis = async () => {
  const keys = new Map<string, string>();
  let serial = 0;
  const loopback = await listenOnLoopback(async (request) => {
    const [, name = ''] = request.path.split('/');
    const given = request.headers['x-api-key'] ?? request.headers['authorization']?.replace(/^Bearer /, '');
    return given !== undefined && given === keys.get(name)
      ? { status: 200, headers: { 'content-type': 'application/json' }, body: '{"object":"list","data":[]}' }
      : {
          status: 401,
          headers: { 'content-type': 'application/json' },
          body: '{"error":{"type":"authentication_error"}}',
        };
  });
  return {
    urlOf: (name: string): string => `${loopback.url}/${name}`,
    /** Makes a new key; the one before is worth nothing from now on. */
    newKey(name: string): string {
      const key = `${name}-key-${(serial += 1)}`;
      keys.set(name, key);
      return key;
    },
    letsIn: (name: string, key: string | undefined): boolean => key !== undefined && keys.get(name) === key,
    stop: () => loopback.stop(),
  };
};
