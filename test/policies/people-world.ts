import { acknowledgeOnPage, acknowledgeOverHttp } from '#functions/policies/acknowledge-change.ts';
import { changeSource } from '#functions/policies/change-source.ts';
import { checkNow } from '#functions/policies/check-now.ts';
import { readPolicies } from '#functions/policies/read-policies.ts';
import { showPolicies } from '#functions/policies/show-policies.ts';
import type { ProjectConfig } from '#shared/governance/project-config.ts';
import { type HttpApiResult, httpHandler } from '#shared/operators/http-edge.ts';
import type { Principal } from '#shared/operators/principal.ts';
import { type Acknowledgement, acknowledgementPk } from '#shared/policies/acknowledge.ts';
import { statePk } from '#shared/policies/row-keys.ts';
import type { SourceRecord } from '#shared/policies/source.ts';
import type { SourceState } from '#shared/policies/source-state.ts';
import { PROJECT } from '../approvals/fixtures.ts';
import { type Call, world } from '../approvals/world.ts';
import { httpEvent } from '../operators/http-event.ts';

/** The approvals world with the policy monitor's API and pages beside it, over one store in memory. */
export const peopleWorld = () => {
  const at = world();
  const { policies } = at;
  const checks: unknown[] = [];
  const project: { config: ProjectConfig } = { config: PROJECT };
  /** Runs once before the next acknowledgement is written: what a check does in between. */
  const between: { run: (() => void) | undefined } = { run: undefined };
  const deps = {
    ...policies,
    readPerson: at.deps.readPerson,
    signedIn: at.deps.signedIn,
    countUp: at.deps.countUp,
    randomBytes: at.deps.randomBytes,
    useKeyring: at.deps.useKeyring,
    log: at.deps.log,
    now: at.deps.now,
    stageIsProduction: true,
    readProjectConfig: async () => project.config,
    recordAcknowledgement: async (step: { to: SourceState; acknowledgement: Acknowledgement }) => {
      const { run } = between;
      between.run = undefined;
      run?.();
      const stored = policies.rows.get(statePk(step.to.source)) as SourceState;
      if (stored.version !== step.to.version - 1) return 'refused' as const;
      policies.rows.set(statePk(step.to.source), structuredClone(step.to));
      policies.rows.set(acknowledgementPk(step.acknowledgement), structuredClone(step.acknowledgement));
      return 'recorded' as const;
    },
    listAcknowledgements: async (source: string) =>
      policies.all<Acknowledgement>(`ack#${source}#`).toReversed(),
    startCheck: async (input: unknown) => {
      checks.push(input);
      return checks.length > 1 ? ('exists' as const) : ('started' as const);
    },
  };
  const api = {
    GET: httpHandler((request) => readPolicies(request, deps)),
    PUT: httpHandler((request) => changeSource(request, deps)),
    acknowledge: httpHandler((request) => acknowledgeOverHttp(request, deps)),
    check: httpHandler((request) => checkNow(request, deps)),
  };
  const pages = httpHandler((request) => showPolicies(request, deps), { page: true });
  const form = httpHandler((request) => acknowledgeOnPage(request, deps), { page: true });

  const http = async (path: string, call: Call = {}): Promise<HttpApiResult> => {
    const { pathname, search } = new URL(path, 'https://autopack.example.test');
    const [, first, source, last] = pathname.split('/');
    if (first !== 'sources' && first !== 'policies') return at.http(path, call);
    const method = call.method ?? 'GET';
    const event = httpEvent({
      method,
      path: pathname,
      query: search.slice(1),
      params: source === undefined || source === 'health' ? {} : { source },
      headers: {
        ...(call.body === undefined ? {} : { 'content-type': call.type ?? 'application/json' }),
        ...call.headers,
      },
      cookies: Object.entries(call.cookies ?? {}).map(([name, value]) => `${name}=${value}`),
      ...(call.body === undefined ? {} : { body: call.body }),
      ...(call.principal === undefined ? {} : { principal: call.principal }),
    });
    if (first === 'sources') return method === 'POST' ? form(event) : pages(event);
    if (method === 'GET') return api.GET(event);
    if (method === 'PUT') return api.PUT(event);
    return last === 'check' ? api.check(event) : api.acknowledge(event);
  };

  return {
    ...at,
    http,
    checks,
    project,
    between,
    put: (record: SourceRecord, state?: SourceState): void => {
      policies.rows.set(`source#${record.source.id}`, record);
      if (state !== undefined) policies.rows.set(statePk(record.source.id), state);
    },
    stateOf: (source: string): SourceState => policies.rows.get(statePk(source)) as SourceState,
    call: async (path: string, principal: Principal, method = 'GET', body?: unknown) => {
      const reply = await http(path, {
        method,
        principal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: reply.statusCode, body: JSON.parse(reply.body) as Record<string, any> };
    },
  };
};
export type PeopleWorld = ReturnType<typeof peopleWorld>;
