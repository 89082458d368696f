import { NEVER_UNATTENDED } from '../actions/effects.ts';
import { PROTECTED_PATHS, UNREADABLE_PATH } from './protected-paths.ts';

const list = (words: readonly string[]): string =>
  `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;

/** Policy ids of the product begin with this; a project's begin with `project.`. */
export const PRODUCT_PREFIX = 'autopack.';

/**
 * The default policies of the product: always part of the set, whatever a project wrote. Nothing here permits an
 * unattended run, so a project without a policy has every action approved by a person. In Cedar a forbid beats
 * every permit, so none of the forbids can be weakened.
 */
export const PRODUCT_POLICIES: Readonly<Record<`${typeof PRODUCT_PREFIX}${string}`, string>> = {
  'autopack.propose': `
permit(principal, action == Autopack::Action::"propose", resource)
when { resource.providerOn && resource.hostAllowed };`,
  'autopack.provider-off': `
forbid(principal, action == Autopack::Action::"propose", resource)
unless { resource.providerOn };`,
  'autopack.host-not-allowed': `
forbid(principal, action == Autopack::Action::"propose", resource)
unless { resource.hostAllowed };`,
  'autopack.approve': `
permit(principal, action == Autopack::Action::"approve", resource)
when { principal.roles.contains("operator") && principal.projects.contains(resource.project) };`,
  'autopack.not-an-operator': `
forbid(principal, action == Autopack::Action::"approve", resource)
unless { principal.roles.contains("operator") && principal.projects.contains(resource.project) };`,
  'autopack.originator': `
forbid(principal, action == Autopack::Action::"approve", resource)
when { resource.originators.contains(principal) };`,
  'autopack.effects': `
forbid(principal, action == Autopack::Action::"runUnattended", resource)
when { resource.effects.isEmpty() || resource.effects.containsAny(${list(NEVER_UNATTENDED)}) };`,
  'autopack.http': `
forbid(principal, action == Autopack::Action::"runUnattended", resource)
when { resource.provider == "http" }
unless { resource.defined && ["GET", "HEAD"].contains(resource.method) };`,
  'autopack.protected-paths': `
forbid(principal, action == Autopack::Action::"runUnattended", resource)
when { resource.paths.containsAny(${list([UNREADABLE_PATH, ...PROTECTED_PATHS])}) };`,
  'autopack.critical': `
forbid(principal, action == Autopack::Action::"runUnattended", resource)
when { resource.tier == "critical" };`,
  'autopack.closed-provider': `
forbid(principal, action == Autopack::Action::"runUnattended", resource)
unless { resource.providerOn && resource.hostAllowed };`,
};
