import type { DryRun } from '../actions/dry-run.ts';
import type { EffectType } from '../actions/effects.ts';
import { matchEndpoint } from '../governance/endpoint-match.ts';
import type { ProjectConfig } from '../governance/project-config.ts';
import { curatedRulesOf } from './curated.ts';

/** Effects that put something before the public under a provider's rules: these always require its policies. */
export const POLICY_GATED_EFFECTS: readonly EffectType[] = ['publish', 'list'];

/**
 * Hosts under which curated providers take publications: a call through the generic `http` provider is held to the
 * same rules as one through an adapter. A leading dot stands for any name below.
 */
const PROVIDER_HOSTS: readonly (readonly [provider: string, host: string, pathPrefix: string])[] = [
  ['youtube', 'youtube.googleapis.com', '/'],
  ['youtube', 'www.googleapis.com', '/youtube/'],
  ['youtube', 'www.googleapis.com', '/upload/youtube/'],
  ['youtube', 'www.googleapis.com', '/resumable/upload/youtube/'],
  ['etsy', 'openapi.etsy.com', '/'],
  ['etsy', 'api.etsy.com', '/'],
  ['shopify', '.myshopify.com', '/'],
];

/** The curated provider that a request goes to, by its final host and path. */
const providerBehind = (url: string): string | undefined => {
  if (!URL.canParse(url)) return undefined;
  const { hostname, pathname } = new URL(url);
  const path = pathname.toLowerCase();
  return PROVIDER_HOSTS.find(
    ([, host, prefix]) =>
      (host.startsWith('.') ? hostname.endsWith(host) : hostname === host) && path.startsWith(prefix),
  )?.[0];
};

/** Whether a declaration of a project speaks of an operation: by its name, or as `provider/*`. */
const speaksOf = (pattern: string, operation: string): boolean =>
  pattern === operation || (pattern.endsWith('/*') && operation.startsWith(pattern.slice(0, -1)));

export interface RequiredFacts {
  readonly dryRun: Pick<DryRun, 'operation' | 'effects' | 'request'>;
  readonly project: Pick<ProjectConfig, 'settings' | 'endpoints'>;
}

/**
 * Ids of every policy source that an action requires, sorted, each once. Pure.
 *
 * - What only reads requires nothing, whatever was declared (POL-09).
 * - Publishing and listing always require the curated rules of the provider that the request reaches, be it through
 *   its adapter or over `http`. An adapter whose provider has none requires `<provider>-policies`: until somebody adds
 *   a source of that name the gate refuses with MISSING. An undefined endpoint on such a host counts as publishing.
 * - An `http` endpoint and a project add what two operators declared. An `http` publication to a host that nobody
 *   curated or declared anything for requires nothing: Autopack cannot know whose rules apply.
 */
export const requiredSources = ({ dryRun, project }: RequiredFacts): string[] => {
  const { operation, effects, request } = dryRun;
  if (effects.every(({ type }) => type === 'read')) return [];
  const provider = operation.split('/')[0] ?? '';
  const found: string[] = [];
  const endpoint = provider === 'http' ? matchEndpoint(project.endpoints, request) : undefined;
  // What nobody defined may well be a publication.
  const isUnknown =
    provider === 'http' && endpoint === undefined && !['GET', 'HEAD'].includes(request.method);
  if (isUnknown || effects.some(({ type }) => POLICY_GATED_EFFECTS.includes(type))) {
    const behind = provider === 'http' ? providerBehind(request.url) : provider;
    if (behind !== undefined) {
      const curated = curatedRulesOf(behind);
      found.push(...(curated.length > 0 ? curated : [`${behind}-policies`]));
    }
  }
  found.push(...(endpoint?.policySources ?? []));
  for (const declared of project.settings.policySources ?? [])
    if (speaksOf(declared.operation, operation)) found.push(...declared.sources);
  return [...new Set(found)].toSorted();
};
