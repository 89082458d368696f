import { timestamp } from '#shared/actions/identity.ts';
import { operatorOf } from '#shared/operators/fresh-operator.ts';
import { requirePrincipal } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ReadPerson } from '#shared/operators/registry.ts';
import type { ReadSource, StartCheck } from '#shared/policies/ports.ts';
import { SourceId } from '#shared/policies/source-id.ts';

export interface CheckNowDeps {
  readonly readPerson: ReadPerson;
  readonly readSource: ReadSource;
  readonly startCheck: StartCheck;
  readonly now: () => number;
}

const MINUTE_MS = 60_000;

/**
 * `POST /policies/{source}/check`: looks at the page now, beside the schedule. One check a minute: who asks again within
 * the same minute gets the one that is under way.
 */
export const checkNow = async (request: HttpRequest, deps: CheckNowDeps): Promise<HttpReply> => {
  await operatorOf(requirePrincipal(request), deps.readPerson);
  const id = SourceId.safeParse(request.params['source']);
  const record = id.success ? await deps.readSource(id.data) : undefined;
  if (record === undefined || record.retired)
    throw new ProblemError('NOT_FOUND', 'There is no such policy source, or it was retired.');
  const source = record.source.id;
  const slot = timestamp(Math.floor(deps.now() / MINUTE_MS) * MINUTE_MS);
  return { status: 202, json: { source, slot, check: await deps.startCheck({ source, slot }) } };
};
