import type { OutgoingRequest, ProviderReply } from '#shared/providers/provider.ts';

export const RENEWAL = {
  url: 'https://api.example.test/keys',
  tokenField: 'token',
  probeUrl: 'https://api.example.test/me',
  accountField: 'account',
  revokeUrl: 'https://api.example.test/keys/self',
} as const;

/** The value of a secret whose key an API renews. */
export const keyed = (token: string): string => JSON.stringify({ region: 'north', token });

/**
 * An API that makes its own keys, asks for nothing twice and forgets nothing: what it was asked to do is counted. It
 * is asked over HTTP or directly.
 */
export class ApiModel {
  /** Whose each key is. */
  readonly alive = new Map<string, string>();
  readonly made: string[] = [];
  readonly ended: string[] = [];
  private readonly answered = new Map<string, string>();
  private readonly honoursKeys: boolean;

  constructor(honoursKeys: boolean, ...alive: readonly string[]) {
    this.honoursKeys = honoursKeys;
    for (const key of alive) this.alive.set(key, 'account-1');
  }

  private make(account: string, idempotencyKey: string): string {
    const again = this.honoursKeys ? this.answered.get(idempotencyKey) : undefined;
    if (again !== undefined) return again;
    const key = `made-${this.made.length + 1}`;
    this.made.push(key);
    this.alive.set(key, account);
    this.answered.set(idempotencyKey, key);
    return key;
  }

  readonly ask = async ({
    method,
    url,
    headers,
  }: Pick<OutgoingRequest, 'method' | 'url' | 'headers'>): Promise<ProviderReply> => {
    const reply = (status: number, body: object = {}): ProviderReply => ({
      status,
      headers: {},
      body: JSON.stringify(body),
    });
    const key = (headers['authorization'] ?? '').replace(/^Bearer /, '');
    const account = this.alive.get(key);
    if (account === undefined) return reply(401);
    switch (`${method} ${new URL(url).pathname}`) {
      case 'POST /keys':
        return reply(201, { token: this.make(account, headers['idempotency-key'] ?? '') });
      case 'GET /me':
        return reply(200, { account });
      case 'DELETE /keys/self':
        this.alive.delete(key);
        this.ended.push(key);
        return reply(204);
      default:
        return reply(404);
    }
  };
}
