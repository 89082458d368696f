import * as z from 'zod';
import { Timestamp } from '#shared/actions/identity.ts';
import { readChangeView, type ReadChangeViewDeps } from '#shared/policies/read-change-view.ts';
import type { ObservationListView, PolicyListView, PolicyView } from '#shared/policies/policy-view.ts';
import { policyView } from '#shared/policies/policy-view-of.ts';
import type {
  ListObservations,
  ListSources,
  ReadSource,
  ReadState,
  ReadStates,
} from '#shared/policies/ports.ts';
import { type SourceRecord } from '#shared/policies/source.ts';
import { SourceId } from '#shared/policies/source-id.ts';
import { parseInput, requirePrincipal } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import { readHealth } from './weekly-digest.ts';

export interface ReadPoliciesDeps extends ReadChangeViewDeps {
  readonly listSources: ListSources;
  readonly readSource: ReadSource;
  readonly readState: ReadState;
  readonly readStates: ReadStates;
  readonly listObservations: ListObservations;
  readonly now: () => number;
}

/** Query of `GET /policies/{source}/observations`. */
export const ObservationsPageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  since: Timestamp.optional(),
  cursor: z.string().max(400).optional(),
});

const list = async (deps: ReadPoliciesDeps): Promise<PolicyListView> => {
  const records = await deps.listSources();
  const states = await deps.readStates(records.map(({ source }) => source.id));
  return { policies: records.map((record) => policyView(record, states.get(record.source.id), deps.now())) };
};

const one = async (request: HttpRequest, deps: ReadPoliciesDeps): Promise<SourceRecord> => {
  const id = SourceId.safeParse(request.params['source']);
  const record = id.success ? await deps.readSource(id.data) : undefined;
  if (record === undefined)
    throw new ProblemError('NOT_FOUND', 'There is no such policy source; GET /policies lists them.');
  return record;
};

const observations = async (
  request: HttpRequest,
  source: string,
  deps: ReadPoliciesDeps,
): Promise<ObservationListView> => {
  const { limit, since, cursor } = parseInput(ObservationsPageQuery, request.query, 'The query');
  const page = await deps.listObservations({
    source,
    limit,
    ...(since === undefined ? {} : { since }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  return { source, observations: [...page.observations], nextCursor: page.nextCursor ?? null };
};

/** What is watched, how it stands, what changed and every look at it. For every member, people and agents. */
export const readPolicies = async (request: HttpRequest, deps: ReadPoliciesDeps): Promise<HttpReply> => {
  requirePrincipal(request);
  if (request.params['source'] === undefined) {
    return {
      status: 200,
      json: await (request.path.endsWith('/health') ? readHealth(deps) : list(deps)),
    };
  }
  const record = await one(request, deps);
  const { id } = record.source;
  if (request.path.endsWith('/observations'))
    return { status: 200, json: await observations(request, id, deps) };
  const state = await deps.readState(id);
  if (request.path.endsWith('/change'))
    return { status: 200, json: await readChangeView(record, state, deps) };
  const json: PolicyView = policyView(record, state, deps.now());
  return { status: 200, json };
};
