import * as z from 'zod';
import { canonicalJson } from '../../actions/canonical-json.ts';
import type { PredictedSideEffect } from '../../actions/effects.ts';
import type { EndpointDefinition } from '../../governance/project-config.ts';
import { ProblemError } from '../../operators/problems.ts';
import { isAuthHeader, isSignatureHeader } from '../auth-headers.ts';
import { hostIsListed } from '../guard-url.ts';
import { OutboundError } from '../outbound-error.ts';
import { parsePayload } from '../parse-payload.ts';
import { PrepareRefusedError } from '../prepare-refused.ts';
import type { DispatchInput, Finding, ProviderOperation, RenderFacts } from '../provider.ts';
import { classifyReply } from './classify.ts';
import {
  findDefinition,
  HTTP_ADAPTER_VERSION,
  HttpFacts,
  lookupOf,
  recoveryClassOf,
  signatureHeaderOf,
  versionWith,
} from './definition.ts';
import { checkBody, HttpPayload, payloadHeaders, payloadUrl } from './payload.ts';
import { authHeaders } from './sign.ts';

const OPERATION = 'http/request';
const TRANSPORT_TIMEOUT_MS = 20_000;
const PLAIN_HEADERS = {
  accept: 'application/json',
  'accept-encoding': 'identity',
  'user-agent': 'autopack/1',
};

const checkAllowed = (url: URL, { project }: RenderFacts): void => {
  if (!project.settings.providers.includes('http')) {
    throw new ProblemError('PROVIDER_OFF', 'This project has not switched the http provider on.');
  }
  if (!hostIsListed(url, project.settings.allowedHosts)) {
    const field = 'payload.url';
    const detail = `${field}: ${url.host} is not among the hosts that this project may call`;
    throw new ProblemError('PAYLOAD_DOES_NOT_FIT', detail, { field });
  }
};

/** A definition whose headers could not be told from others later is none. */
const checkDefinition = (definition: EndpointDefinition | null): void => {
  if (definition === null) return;
  const { auth, idempotencyHeader } = definition;
  const signs = auth?.kind === 'hmac-sha256' && !isSignatureHeader(signatureHeaderOf(definition));
  if (signs || (idempotencyHeader !== undefined && isAuthHeader(idempotencyHeader))) {
    const detail = `The endpoint definition "${definition.name}" names headers that cannot be used: the signature's needs the word "signature" or "hmac", the key's must not be one for authentication.`;
    throw new ProblemError('PAYLOAD_DOES_NOT_FIT', detail, { field: 'payload.url' });
  }
};

const effectsOf = (definition: EndpointDefinition | null, target: string): PredictedSideEffect[] =>
  definition === null
    ? [{ type: 'destructive', target, reversibility: 'irreversible', cost: 'unknown' }]
    : [...new Set(definition.effects)].map((type) => ({
        type,
        target,
        reversibility: definition.reversibility,
        cost: 'unknown' as const,
      }));

/** The definition that was approved; its hash is part of the adapter version and so of the requestHash. */
const approvedDefinition = (input: DispatchInput): EndpointDefinition | null => {
  const facts = HttpFacts.safeParse(input.facts);
  if (!facts.success || versionWith(facts.data.definition) !== input.request.adapterVersion) {
    throw new PrepareRefusedError(
      'HASH_MISMATCH',
      'The stored endpoint definition is not the one that was shown.',
    );
  }
  return facts.data.definition;
};

const lookUp = async (
  input: DispatchInput,
  send: Parameters<ProviderOperation['reconcile']>[1],
  now: string,
): Promise<Finding> => {
  const definition = approvedDefinition(input);
  const path = lookupOf(definition);
  if (path === undefined) return { kind: 'cannotAsk' };
  const url = new URL(
    path.replaceAll('{key}', encodeURIComponent(input.providerKey)),
    new URL(input.request.url).origin,
  );
  if (url.origin !== new URL(input.request.url).origin) return { kind: 'cannotAsk' };
  const request = { method: 'GET', url: url.href, body: null };
  const headers = { ...PLAIN_HEADERS, ...authHeaders(definition, input.secret, request, now) };
  const reply = await send({ ...request, headers, timeoutMs: TRANSPORT_TIMEOUT_MS });
  if (reply.status === 404) return { kind: 'absent' };
  if (reply.status !== 200) return { kind: 'unreadable', code: 'LOOKUP_FAILED' };
  const verdict = classifyReply(reply);
  return verdict.kind === 'applied'
    ? { ...verdict, code: 'FOUND', summary: 'The API knows our key.' }
    : { kind: 'unreadable', code: 'LOOKUP_FAILED' };
};

/**
 * Any allow-listed HTTPS API. What a call does, whether it can be asked about, and how it is signed come from the
 * endpoint's definition; without one it is destructive, irreversible and of class `none`.
 */
export const httpRequest: ProviderOperation = {
  describe: () => ({
    operation: OPERATION,
    adapterVersion: HTTP_ADAPTER_VERSION,
    title: 'Call an HTTP API',
    payload: HttpPayload,
    effects: ['read', 'notify', 'write', 'publish', 'list', 'trade', 'payment', 'destructive'],
    recoveryClass: 'keyed',
    transportTimeoutMs: TRANSPORT_TIMEOUT_MS,
    lagMs: 30_000,
  }),

  render: (input, facts) => {
    const payload = parsePayload(HttpPayload, input);
    const url = payloadUrl(payload);
    checkAllowed(url, facts);
    checkBody(payload);
    const definition = findDefinition(facts.project.endpoints, payload.method, url);
    checkDefinition(definition);
    const idempotencyHeader = definition?.idempotencyHeader;
    const own = payloadHeaders(payload.headers ?? {}, idempotencyHeader);
    const auth = definition?.auth ?? null;
    const target = `${payload.method} ${url.host}${url.pathname}`.slice(0, 400);
    const recoveryClass = recoveryClassOf(definition);
    return {
      request: {
        method: payload.method,
        url: url.href,
        headers: {
          ...PLAIN_HEADERS,
          ...own,
          ...(payload.json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyHeader === undefined ? {} : { [idempotencyHeader]: facts.providerKey }),
        },
        body: payload.json === undefined ? null : canonicalJson(payload.json),
        credential:
          auth === null ? null : { provider: 'http', account: auth.account, environment: auth.environment },
        operation: OPERATION,
        adapterVersion: versionWith(definition),
        media: [],
      },
      effects: effectsOf(definition, target),
      recoveryClass,
      title: target.slice(0, 200),
      summary: [
        { label: 'Endpoint', value: definition?.name ?? 'not defined: counts as destructive' },
        { label: 'Call', value: `${payload.method} ${url.href}` },
        {
          label: 'If the reply is lost',
          value: recoveryClass === 'none' ? 'only a person can tell' : recoveryClass,
        },
      ],
      files: [],
      facts: { definition: z.json().parse(definition) },
    };
  },

  prepare: (input, now) => {
    const definition = approvedDefinition(input);
    const { method, url, headers, body } = input.request;
    const idempotencyHeader = definition?.idempotencyHeader;
    if (idempotencyHeader !== undefined && headers[idempotencyHeader] !== input.providerKey) {
      throw new PrepareRefusedError('HASH_MISMATCH', 'The stored request carries another idempotency key.');
    }
    const auth = authHeaders(definition, input.secret, { method, url, body }, now);
    return { method, url, headers: { ...headers, ...auth }, body, timeoutMs: TRANSPORT_TIMEOUT_MS };
  },

  classify: classifyReply,

  keyRetentionMs: (facts) => {
    const hours = HttpFacts.safeParse(facts).data?.definition?.keyRetentionHours;
    return hours === undefined ? undefined : hours * 3_600_000;
  },

  reconcile: async (input, send, now) => {
    try {
      return await lookUp(input, send, now);
    } catch (error) {
      const code =
        error instanceof OutboundError || error instanceof PrepareRefusedError ? error.code : 'LOOKUP_FAILED';
      return { kind: 'unreadable', code };
    }
  },
};
