import { checkCredentials } from '#functions/credentials/check-credentials.ts';
import { refreshCredentials } from '#functions/credentials/refresh-credentials.ts';
import { serveAlpacaStandIn, STAND_IN_KEYS } from '#infra/local/alpaca-stand-in/serve.ts';
import type { StandInProvider } from '#infra/local/oauth-stand-in/rules.ts';
import { timestamp } from '#shared/actions/identity.ts';
import { type Credential, credentialPk } from '#shared/credentials/credential.ts';
import { healthNow } from '#shared/credentials/health.ts';
import { healthReasons, TASK_MS } from '#shared/credentials/may-perform.ts';
import { noteUse } from '#shared/credentials/note-use.ts';
import { bearerOf } from '#shared/credentials/oauth/connection.ts';
import { connectCredential } from '#shared/credentials/oauth/connect-credential.ts';
import { endpointsOf, oauthProviderOf } from '#shared/credentials/oauth/endpoints.ts';
import { askAccount, askTokens } from '#shared/credentials/oauth/token.http.ts';
import { probeCredential } from '#shared/credentials/probe.http.ts';
import {
  authorizeUrl,
  CALLBACK,
  CLIENT,
  consentAt,
  openStandIn,
  START,
  verifier,
} from '../../credentials/oauth/stand-in-client.ts';
import { grantOf } from '../../credentials/oauth/real-room.ts';
import { aCredential } from '../../credentials/rows.ts';
import { person } from '../../operators/memory-registry.ts';
import { serveKeyApis } from './key-apis.ts';
import { memoryStore } from './store.ts';

export const DAY = 86_400_000;
export const PEOPLE = ['olivia@example.test', 'sam@example.test'] as const;
const daysBefore = (days: number): string => timestamp(START - days * DAY);

const keyGrant = (provider: string, days: number): Credential =>
  aCredential({
    provider,
    account: 'main',
    environment: 'DEVELOPMENT',
    kind: 'operator-staged',
    secretId: `autopack/dev/${provider}`,
    standIn: true,
    createdAt: daysBefore(days),
  });

/** Every provider with a credential of its kind, on stand-ins, with one clock that the test moves. */
export const openMonth = async () => {
  const standIn = await openStandIn({ inMemory: true });
  const now = (): number => standIn.clock.now();
  const alpaca = await serveAlpacaStandIn({ dataDir: standIn.dataDir, clock: standIn.clock });
  const apis = await serveKeyApis();
  const store = memoryStore(now);

  const oauth = {
    youtube: grantOf('youtube', { createdAt: daysBefore(1) }),
    etsy: grantOf('etsy', { createdAt: daysBefore(1) }),
    shopify: grantOf('shopify', { createdAt: daysBefore(1) }),
    app: grantOf('shopify', {
      kind: 'client-credentials',
      account: 'shop-two',
      secretId: 'autopack/dev/shop-two',
      createdAt: daysBefore(250),
    }),
  };
  const keys = {
    alpaca: aCredential({ secretId: 'autopack/dev/alpaca', standIn: true, createdAt: daysBefore(65) }),
    anthropic: keyGrant('anthropic', 134),
    openai: keyGrant('openai', 255),
    http: keyGrant('http', 150),
  };
  for (const grant of [...Object.values(oauth), ...Object.values(keys)]) store.register(grant);
  for (const grant of Object.values(oauth)) store.putSecret(grant.secretId, CLIENT);
  store.putSecret(keys.alpaca.secretId, { ...STAND_IN_KEYS });
  store.putSecret(keys.anthropic.secretId, { apiKey: apis.newKey('anthropic') });
  store.putSecret(keys.openai.secretId, { apiKey: apis.newKey('openai') });
  store.putSecret(keys.http.secretId, { token: 'nobody-can-ask' });

  const mails: { readonly to: string; readonly subject: string; readonly at: number }[] = [];
  const failures: Readonly<Record<string, unknown>>[] = [];
  const log = (line: Readonly<Record<string, unknown>>): void => {
    if (line['level'] === 'ERROR') failures.push(line);
  };
  const calls = { overrides: standIn.urls, allowLoopback: true, now };
  const common = {
    ...store.ports,
    now,
    log,
    stage: 'dev',
    listCredentials: store.listCredentials,
    readStanding: store.readStanding,
    pause: async (ms: number) => standIn.clock.advance(ms),
    askTokens: askTokens(calls),
    askAccount: askAccount(calls),
  };
  const bases: Readonly<Record<string, string>> = { ...standIn.urls, alpaca: alpaca.url };
  const checkDeps = {
    ...common,
    readSecretDocument: async (secretId: string) => {
      const document = store.document(secretId);
      return document === undefined ? { kind: 'missing' as const } : { kind: 'read' as const, document };
    },
    probe: probeCredential({
      baseUrl: (provider) => bases[provider] ?? apis.urlOf(provider),
      allowLoopback: true,
      now,
    }),
    listApprovers: async () => PEOPLE.map((email) => person(email)),
    readTold: store.readTold,
    putTold: store.putTold,
    sendMail: async (to: string, { subject }: { readonly subject: string }) => {
      mails.push({ to, subject, at: now() });
      return 'sent' as const;
    },
    count: () => undefined,
    publicUrl: 'https://autopack.example.test',
  };
  const noteTheUse = noteUse(common);

  const tokenOf = (grant: Credential): string | undefined => {
    const bearer = bearerOf(store.document(grant.secretId) ?? {}, now());
    return bearer.kind === 'alive' ? bearer.token : undefined;
  };
  /** Whether the provider would let it in at this moment: the stand-in's truth, whatever we believe. */
  const works = (grant: Credential): boolean => {
    if (oauthProviderOf(grant) !== undefined)
      return standIn.control.whoIs(store.document(grant.secretId)?.['accessToken'] ?? '') !== undefined;
    if (grant.provider === 'alpaca' || grant.provider === 'http') return true;
    return apis.letsIn(grant.provider, store.document(grant.secretId)?.['apiKey']);
  };
  /** Whether it could be renewed without a person. */
  const renewable = (grant: Credential): boolean =>
    grant.kind === 'client-credentials' ||
    standIn.control.refreshWorks(store.document(grant.secretId)?.['refreshToken'] ?? '');

  /** What Execute asks and does: health, then the value, then one call. */
  const act = async (grant: Credential): Promise<'done' | 'paused' | 'waited' | 'refused' | 'expired'> => {
    const { condition } = await store.readStanding(grant.project, grant);
    const facts = { now: timestamp(now()), taskMs: TASK_MS };
    if (healthReasons(grant, condition, facts).length > 0) return 'paused';
    const readAt = now();
    const isOAuth = oauthProviderOf(grant) !== undefined;
    if (isOAuth && tokenOf(grant) === undefined) return 'waited';
    const answer = works(grant) ? 'accepted' : 'refused';
    const { project, provider, account, environment } = grant;
    const credential = { provider, account, environment };
    await noteTheUse({ project, credential, readAt, answer, again: false });
    if (answer === 'accepted') return 'done';
    return isOAuth && renewable(grant) ? 'expired' : 'refused';
  };

  const connect = async (grant: Credential): Promise<void> => {
    const endpoints = endpointsOf(grant, standIn.urls);
    if (endpoints === undefined) throw new Error('no endpoints');
    const back = await consentAt(authorizeUrl(standIn, endpoints.name));
    const query = Object.fromEntries(back.searchParams);
    const consent = {
      code: query['code'] ?? '',
      redirectUri: CALLBACK,
      verifier,
      query,
      replace: false,
      by: 'person:olivia@example.test',
    };
    const { kind } = await connectCredential(grant, endpoints, consent, common);
    if (kind !== 'connected') throw new Error(`connecting ${grant.provider}: ${kind}`);
  };

  return {
    standIn,
    apis,
    store,
    oauth,
    keys,
    mails,
    failures,
    now,
    act,
    connect,
    works,
    renewable,
    refresh: () => refreshCredentials(common),
    check: () => checkCredentials(checkDeps),
    health: async (grant: Credential) =>
      healthNow(grant, (await store.readStanding(grant.project, grant)).condition, now()),
    isConnectable: (grant: Credential): boolean => grant.kind === 'oauth',
    nameOf: (grant: Credential): string => credentialPk(grant.project, grant),
    revoke: (provider: StandInProvider) => standIn.control.revoke(provider),
    close: async () => {
      await alpaca.stop();
      await apis.stop();
      await standIn.close();
    },
  };
};
export type Month = Awaited<ReturnType<typeof openMonth>>;
