import { canonicalJson } from '#shared/actions/canonical-json.ts';
import { timestamp } from '#shared/actions/identity.ts';
import type { CredentialStanding, ReadStanding } from '#shared/credentials/condition.ts';
import { registeredAs } from '#shared/credentials/registration.ts';
import {
  applyToConfig,
  type Change,
  ChangeId,
  changeHash,
  type ChangeRow,
  ConfirmChangeBody,
  type ConfirmChange,
  type CreateChange,
  currentOf,
  type ListChanges,
  ProposeChangeBody,
  type ReadChange,
} from '#shared/governance/change.ts';
import { checkChange } from '#shared/governance/change-rules.ts';
import type { ProjectConfig, ReadProjectConfig } from '#shared/governance/project-config.ts';
import {
  parseInput,
  readJson,
  requirePrincipal,
  requireProject,
  requireRole,
} from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { FRESH_SIGN_IN_MS, type PersonRow, type Principal } from '#shared/operators/principal.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ReadPerson } from '#shared/operators/registry.ts';
import { pageOf, PageQuery } from '#shared/governance/change-page.ts';

export interface ChangeProjectDeps {
  readonly now: () => number;
  readonly newId: () => string;
  readonly readProjectConfig: ReadProjectConfig;
  readonly createChange: CreateChange;
  readonly readChange: ReadChange;
  readonly listChanges: ListChanges;
  readonly confirmChange: ConfirmChange;
  readonly readPerson: ReadPerson;
  readonly readStanding: ReadStanding;
  readonly stageIsProduction: boolean;
}

type Person = Extract<Principal, { kind: 'person' }>;

/**
 * The operator who asks, from a fresh registry row: what the authorizer remembers may be minutes old.
 * @throws ProblemError PERSON_REQUIRED or FORBIDDEN.
 */
const requireOperator = async (
  principal: Principal,
  project: string,
  deps: ChangeProjectDeps,
): Promise<Person> => {
  requireRole(principal, 'operator');
  if (principal.kind !== 'person') {
    throw new ProblemError(
      'PERSON_REQUIRED',
      'A project is changed by two people; a machine can only read it.',
    );
  }
  const row: PersonRow | undefined = await deps.readPerson(principal.email);
  if (
    row === undefined ||
    !row.active ||
    !row.roles.includes('operator') ||
    !row.projects.includes(project)
  ) {
    throw new ProblemError(
      'FORBIDDEN',
      'This needs an active operator of the project. Sign in again if your role is new.',
    );
  }
  return principal;
};

/** @throws ProblemError with every fault of the change, the first one in its detail and field. */
const requireSound = (
  config: ProjectConfig,
  change: Change,
  registered: CredentialStanding | undefined,
  deps: ChangeProjectDeps,
): readonly string[] => {
  const { faults, warnings } = checkChange(config, change, deps.stageIsProduction, registered);
  const [first] = faults;
  if (first === undefined) return warnings;
  throw new ProblemError(first.code, `${first.field}: ${first.detail}`, {
    field: first.field,
    extra: { faults: faults.map(({ field, detail }) => ({ field, detail })) },
  });
};

/**
 * Setting a policy aside takes people who have just proved who they are.
 * @throws ProblemError SIGN_IN_NOT_FRESH.
 */
const requireFresh = (change: Change, by: Person, now: number): void => {
  // Written so that a sign-in time that is not a number counts as stale.
  if (change.kind !== 'breakGlass' || now - by.authTimeMs <= FRESH_SIGN_IN_MS) return;
  throw new ProblemError(
    'SIGN_IN_NOT_FRESH',
    `Break-glass needs a sign-in of the last ${FRESH_SIGN_IN_MS / 60_000} minutes. Sign in again.`,
  );
};

/** What is registered where a change of a credential would land. */
const standingOf = async (
  project: string,
  change: Change,
  deps: ChangeProjectDeps,
): Promise<CredentialStanding | undefined> =>
  change.kind === 'credential' ? deps.readStanding(project, change.credential) : undefined;

const changeOf = ({ reason: _reason, ...change }: ProposeChangeBody): Change => change;

const propose = async (
  request: HttpRequest,
  project: string,
  by: Person,
  deps: ChangeProjectDeps,
): Promise<HttpReply> => {
  const body = readJson(request, ProposeChangeBody);
  const change = changeOf(body);
  requireFresh(change, by, deps.now());
  const config = await deps.readProjectConfig(project);
  const registered = await standingOf(project, change, deps);
  const warnings = requireSound(config, change, registered, deps);
  const current = registered === undefined ? currentOf(config, change) : (registered.grant ?? null);
  if (current !== undefined) {
    const after =
      change.kind === 'credential'
        ? registeredAs(change.credential, registered?.grant, project, timestamp(deps.now()))
        : currentOf(applyToConfig(config, change, config.updatedAt, []), change);
    if (canonicalJson(current) === canonicalJson(after)) {
      throw new ProblemError(
        'INVALID_INPUT',
        `${change.kind}: the project is like this already; nothing was written.`,
        {
          field: change.kind,
        },
      );
    }
  }
  const row: ChangeRow = {
    schemaVersion: 1,
    project,
    id: deps.newId(),
    status: 'PROPOSED',
    baseVersion: config.version,
    change,
    ...(body.reason === undefined ? {} : { reason: body.reason }),
    hash: changeHash(project, config.version, change),
    proposedBy: by.subject,
    proposedByName: by.name,
    proposedAt: timestamp(deps.now()),
  };
  await deps.createChange(row);
  return { status: 201, json: { ...row, current, warnings } };
};

const alreadyConfirmed = (row: ChangeRow): HttpReply => ({ status: 200, json: { ...row, replayed: true } });

const overtaken = (row: ChangeRow, config: ProjectConfig): ProblemError =>
  new ProblemError(
    'CONFLICT',
    `This was proposed for version ${row.baseVersion}, and the project is at version ${config.version} now. Look at GET /projects/${row.project}/config and propose it again.`,
    { extra: { baseVersion: row.baseVersion, version: config.version } },
  );

/** Why the transaction was refused, seen from what is stored now. */
const afterRefusal = async (row: ChangeRow, deps: ChangeProjectDeps): Promise<HttpReply> => {
  const [stored, config] = await Promise.all([
    deps.readChange(row.project, row.id),
    deps.readProjectConfig(row.project),
  ]);
  if (stored?.status === 'CONFIRMED') return alreadyConfirmed(stored);
  if (config.version !== row.baseVersion) throw overtaken(row, config);
  throw new ProblemError('UNAVAILABLE', 'Somebody else is writing at this moment; confirm again.');
};

const confirm = async (
  request: HttpRequest,
  project: string,
  by: Person,
  deps: ChangeProjectDeps,
): Promise<HttpReply> => {
  const id = ChangeId.safeParse(request.params.id);
  const body = request.body === undefined || request.body === '' ? {} : readJson(request, ConfirmChangeBody);
  const row = id.success ? await deps.readChange(project, id.data) : undefined;
  if (row === undefined) throw new ProblemError('NOT_FOUND', 'There is no such change in this project.');
  if (body.hash !== undefined && body.hash !== row.hash) {
    throw new ProblemError(
      'HASH_MISMATCH',
      'The change is not the one that you looked at; list the changes again.',
      { field: 'hash' },
    );
  }
  if (row.status === 'CONFIRMED') return alreadyConfirmed(row);
  if (row.proposedBy.toLowerCase() === by.subject.toLowerCase()) {
    throw new ProblemError(
      'SECOND_PERSON_REQUIRED',
      'You proposed this change; another operator of the project has to confirm it.',
    );
  }
  requireFresh(row.change, by, deps.now());
  const config = await deps.readProjectConfig(project);
  // Another confirmation of this very change may have come between the two reads.
  if (config.version !== row.baseVersion) return afterRefusal(row, deps);
  if (row.hash !== changeHash(project, config.version, row.change)) {
    throw new ProblemError(
      'HASH_MISMATCH',
      'The stored change is not the one that was proposed; propose it again.',
    );
  }
  const registered = await standingOf(project, row.change, deps);
  requireSound(config, row.change, registered, deps);
  const at = timestamp(deps.now());
  const confirmed: ChangeRow = {
    ...row,
    status: 'CONFIRMED',
    confirmedBy: by.subject,
    confirmedByName: by.name,
    confirmedAt: at,
  };
  const written = await deps.confirmChange({
    row: confirmed,
    config: applyToConfig(config, row.change, at, [row.proposedBy, by.subject]),
    ...(row.change.kind === 'credential'
      ? { credential: registeredAs(row.change.credential, registered?.grant, project, at) }
      : {}),
  });
  return written === 'confirmed' ? { status: 200, json: confirmed } : afterRefusal(row, deps);
};

const list = async (request: HttpRequest, project: string, deps: ChangeProjectDeps): Promise<HttpReply> => {
  const { limit, cursor } = parseInput(PageQuery, request.query, 'The query');
  const [config, page] = await Promise.all([
    deps.readProjectConfig(project),
    deps.listChanges({ project, limit, ...(cursor === undefined ? {} : { cursor }) }),
  ]);
  return { status: 200, json: pageOf(page, config) };
};

/**
 * Everything about a project's settings, policy, endpoints and credentials over HTTP. Members read; operators
 * propose; another operator confirms, and only then anything is in force.
 */
export const changeProject = async (request: HttpRequest, deps: ChangeProjectDeps): Promise<HttpReply> => {
  const principal = requirePrincipal(request);
  const project = request.params.project ?? '';
  requireProject(principal, project);
  if (request.method === 'GET' || request.method === 'HEAD') {
    if (request.path.endsWith('/changes')) return list(request, project, deps);
    return { status: 200, json: await deps.readProjectConfig(project) };
  }
  const operator = await requireOperator(principal, project, deps);
  return request.params.id === undefined
    ? propose(request, project, operator, deps)
    : confirm(request, project, operator, deps);
};
