import type { DryRun } from '../actions/dry-run.ts';
import { NEVER_UNATTENDED } from '../actions/effects.ts';
import { matchEndpoint } from './endpoint-match.ts';
import type { Reason } from './gate.ts';
import type { ProjectConfig } from './project-config.ts';
import { protectedAmong } from './protected-paths.ts';
import { reason } from './reasons.ts';

/**
 * The second wall, outside Cedar (GOV-04): what no rule of anybody can let run without a person. Reads the effects
 * and the request themselves, so it holds even where the policy set or its engine is wrong.
 */
export const unattendedWall = (dryRun: DryRun, project: ProjectConfig): readonly Reason[] => {
  const found: Reason[] = [];
  const types = [...new Set(dryRun.effects.map((effect) => effect.type))];
  if (types.length === 0) found.push(reason('governance', 'EFFECTS_UNKNOWN'));
  for (const type of types.filter((each) => NEVER_UNATTENDED.includes(each))) {
    found.push(
      reason('governance', 'EFFECT_NEEDS_PERSON', `An effect of class "${type}" never runs unattended.`),
    );
  }
  if (providerOf(dryRun) === 'http') {
    const { method } = dryRun.request;
    if (method !== 'GET' && method !== 'HEAD') {
      found.push(
        reason('governance', 'METHOD_NEEDS_PERSON', `${method} over HTTP always waits for a person.`),
      );
    }
    if (matchEndpoint(project.endpoints, dryRun.request) === undefined) {
      found.push(reason('governance', 'ENDPOINT_UNDEFINED'));
    }
  }
  for (const path of protectedAmong(dryRun.files)) {
    found.push(
      reason(
        'governance',
        'PROTECTED_PATH',
        path === '?' ? 'A path cannot be read.' : `It changes "${path}".`,
      ),
    );
  }
  return found;
};

/** The part of the operation before the slash. */
export const providerOf = (dryRun: Pick<DryRun, 'operation'>): string => dryRun.operation.split('/')[0] ?? '';
