import dns from 'node:dns';

/**
 * Makes every name under `localhost` mean this machine, as RFC 6761 says: MiniStack gives an HTTP API the address
 * `<id>.execute-api.localhost`, which many name services do not know.
 */
export const resolveLocalhostNames = (): void => {
  const { lookup } = dns;
  const patched = (name: string, ...rest: unknown[]): void => {
    (lookup as (name: string, ...rest: unknown[]) => void)(
      name.endsWith('.localhost') ? '127.0.0.1' : name,
      ...rest,
    );
  };
  dns.lookup = Object.assign(patched, lookup) as typeof lookup;
};
