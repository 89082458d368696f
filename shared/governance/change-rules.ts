import ipaddr from 'ipaddr.js';
import { isAuthHeader, isSignatureHeader } from '../providers/auth-headers.ts';
import type { CredentialStanding } from '../credentials/condition.ts';
import { checkRegistration } from '../credentials/registration.ts';
import type { Change } from './change.ts';
import { misdeclaredOfEndpoint, misdeclaredOfProject } from './declared-sources.ts';
import { checkProjectPolicy } from './policy-check.ts';
import type { EndpointDefinition, ProjectConfig, ProjectSettings } from './project-config.ts';

export interface ChangeFault {
  readonly code: 'INVALID_INPUT' | 'POLICY_REFUSED';
  readonly field: string;
  /** What is wrong and how to mend it. */
  readonly detail: string;
}

export interface CheckedChange {
  readonly faults: readonly ChangeFault[];
  /** Worth a look of both operators; nothing that stops. */
  readonly warnings: readonly string[];
}

const fault = (field: string, detail: string): ChangeFault => ({ code: 'INVALID_INPUT', field, detail });
const isUnique = (words: readonly string[]): boolean => new Set(words).size === words.length;

/** Names that a production deployment never calls: this machine and bare addresses. */
const isLocalName = (host: string): boolean => {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || ipaddr.isValid(name);
};

const checkSettings = (settings: ProjectSettings, production: boolean): ChangeFault[] => {
  const found: ChangeFault[] = [];
  if (!isUnique(settings.allowedHosts))
    found.push(fault('settings.allowedHosts', 'a host is there twice; name each once.'));
  if (!isUnique(settings.providers))
    found.push(fault('settings.providers', 'a provider is there twice; name each once.'));
  for (const [index, host] of settings.allowedHosts.entries()) {
    if (production && isLocalName(host)) {
      found.push(
        fault(
          `settings.allowedHosts[${index}]`,
          `${host} is an address or a local name; production calls named hosts only.`,
        ),
      );
    }
  }
  if (settings.providers.includes('alpaca') && settings.alpaca === null) {
    found.push(
      fault('settings.alpaca', 'name the account and environment, or take "alpaca" out of providers.'),
    );
  }
  found.push(...misdeclaredOfProject(settings).map(({ field, detail }) => fault(field, detail)));
  return found;
};

/** Headers that belong to the transport or to the request itself. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'host',
  'proxy-authorization',
  'transfer-encoding',
]);
const PLAIN_PATH = /^\/[A-Za-z0-9._~!$&'()*+,;=:@/{}-]*$/;

const isPlainPath = (path: string): boolean =>
  PLAIN_PATH.test(path) &&
  !path.includes('//') &&
  !path.split('/').some((part) => part === '.' || part === '..');

const checkRecovery = (endpoint: EndpointDefinition): ChangeFault[] => {
  const found: ChangeFault[] = [];
  const { recoveryClass, idempotencyHeader, lookupPath, keyRetentionHours } = endpoint;
  if (recoveryClass === 'keyed' && idempotencyHeader === undefined) {
    found.push(
      fault(
        'endpoint.idempotencyHeader',
        'the class "keyed" needs the header that carries our key, or choose another recoveryClass.',
      ),
    );
  }
  if (recoveryClass === 'lookup' && lookupPath === undefined) {
    found.push(
      fault(
        'endpoint.lookupPath',
        'the class "lookup" needs the path that finds the thing by our key, with {key} in it.',
      ),
    );
  }
  if (recoveryClass === 'resumable') {
    found.push(
      fault(
        'endpoint.recoveryClass',
        'a plain HTTP request has no handle to resume; choose keyed, upsert, lookup or none.',
      ),
    );
  }
  if (
    recoveryClass === 'upsert' &&
    endpoint.methods.some((method) => method === 'POST' || method === 'PATCH')
  ) {
    found.push(
      fault(
        'endpoint.recoveryClass',
        'a repeated POST or PATCH does not land on the same thing by itself; "upsert" is for PUT and DELETE.',
      ),
    );
  }
  if (keyRetentionHours !== undefined && idempotencyHeader === undefined) {
    found.push(
      fault(
        'endpoint.keyRetentionHours',
        'a retention needs an idempotencyHeader; leave it out or name the header.',
      ),
    );
  }
  if (
    lookupPath !== undefined &&
    (lookupPath.split('{key}').length !== 2 || !isPlainPath(lookupPath.replace('?', '')))
  ) {
    found.push(fault('endpoint.lookupPath', 'has to be a plain path with {key} in it once.'));
  }
  if (
    idempotencyHeader !== undefined &&
    (RESERVED.has(idempotencyHeader) || isAuthHeader(idempotencyHeader))
  ) {
    found.push(
      fault(
        'endpoint.idempotencyHeader',
        `"${idempotencyHeader}" has a meaning of its own; name the header that the API documents for keys.`,
      ),
    );
  }
  return found;
};

const checkAuth = ({ auth, idempotencyHeader }: EndpointDefinition): ChangeFault[] => {
  if (auth === null) return [];
  if (auth.kind === 'bearer') {
    return auth.header === undefined
      ? []
      : [fault('endpoint.auth.header', 'is for hmac-sha256 only; a bearer token goes into Authorization.')];
  }
  if (auth.header === undefined)
    return [fault('endpoint.auth.header', 'hmac-sha256 needs the header that carries the signature.')];
  return auth.header === idempotencyHeader || !isSignatureHeader(auth.header)
    ? [
        fault(
          'endpoint.auth.header',
          `a signature travels under a name of its own with the word "signature" or "hmac", as in "x-signature".`,
        ),
      ]
    : [];
};

const checkEffects = ({ effects, methods, reversibility }: EndpointDefinition): ChangeFault[] => {
  const found: ChangeFault[] = [];
  const onlyReads = effects.every((effect) => effect === 'read');
  const writing = methods.filter((method) => method !== 'GET' && method !== 'HEAD');
  if (!isUnique(effects)) found.push(fault('endpoint.effects', 'a class is there twice; name each once.'));
  if (!isUnique(methods)) found.push(fault('endpoint.methods', 'a method is there twice; name each once.'));
  if (onlyReads && writing.length > 0) {
    found.push(
      fault(
        'endpoint.effects',
        `${writing.join(', ')} cannot only read; add what it does, or leave GET and HEAD as the only methods.`,
      ),
    );
  }
  if (!onlyReads && reversibility === 'none') {
    found.push(
      fault(
        'endpoint.reversibility',
        '"none" means that there is nothing to take back; say reversible, compensable or irreversible.',
      ),
    );
  }
  return found;
};

/** Definitions that could cover the same request cover none: case and a trailing slash make no difference here. */
const shape = ({ host, pathPrefix }: EndpointDefinition): string =>
  `${host.replace(/:443$/, '')}/${pathPrefix.toLowerCase().split('/').filter(Boolean).join('/')}`;

const checkEndpoint = (endpoint: EndpointDefinition, config: ProjectConfig): CheckedChange => {
  const twin = config.endpoints.find(
    (other) =>
      other.name !== endpoint.name &&
      shape(other) === shape(endpoint) &&
      other.methods.some((method) => endpoint.methods.includes(method)),
  );
  const faults = [
    ...checkEffects(endpoint),
    ...misdeclaredOfEndpoint(endpoint).map(({ field, detail }) => fault(field, detail)),
    ...checkRecovery(endpoint),
    ...checkAuth(endpoint),
    ...(isPlainPath(endpoint.pathPrefix)
      ? []
      : [fault('endpoint.pathPrefix', 'has to be a plain path, without "..", "//", "%" or a query.')]),
    ...(twin === undefined
      ? []
      : [
          fault(
            'endpoint.pathPrefix',
            `"${twin.name}" covers the same host, path and method; change that one, or remove it first.`,
          ),
        ]),
  ];
  const warnings = [
    ...(endpoint.recoveryClass === 'keyed' && endpoint.lookupPath === undefined
      ? ['Without a lookupPath a lost reply can only be cleared up by sending the same key again.']
      : []),
    ...(config.settings.allowedHosts.includes(endpoint.host)
      ? []
      : [`${endpoint.host} is not in allowedHosts, so nothing can call it yet.`]),
  ];
  return { faults, warnings };
};

/**
 * Holds a change against the project that it is for, and one of a credential against what is `registered`. Runs when it is proposed and again when it is confirmed. A
 * fault stops it; its text names the field and the way out.
 */
export const checkChange = (
  config: ProjectConfig,
  change: Change,
  production: boolean,
  registered?: CredentialStanding,
): CheckedChange => {
  switch (change.kind) {
    case 'settings':
      return { faults: checkSettings(change.settings, production), warnings: [] };
    case 'policy':
      return {
        faults: checkProjectPolicy(change.policy).map(({ policy, message }) => ({
          code: 'POLICY_REFUSED',
          field: 'policy',
          detail: policy === '' ? message : `${policy} ${message}`,
        })),
        warnings: [],
      };
    case 'endpoint':
      if (change.op === 'put') return checkEndpoint(change.endpoint, config);
      return config.endpoints.some((endpoint) => endpoint.name === change.name)
        ? { faults: [], warnings: ['What this endpoint covered counts as destructive again.'] }
        : {
            faults: [fault('name', `there is no endpoint "${change.name}"; GET …/config lists them.`)],
            warnings: [],
          };
    case 'credential': {
      const { faults, warnings } = checkRegistration(
        change.credential,
        registered,
        production,
        config.settings.allowedHosts,
      );
      return { faults: faults.map(([field, detail]) => fault(`credential.${field}`, detail)), warnings };
    }
    case 'breakGlass': {
      const { sources, codes, minutes } = change.breakGlass;
      return {
        faults: [],
        warnings: [
          `For ${minutes} minutes from the confirmation, ${codes.join(', ')} of ${sources.join(', ')} will stop no action of this project.`,
        ],
      };
    }
  }
};
