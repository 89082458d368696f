import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { EFFECT_TYPES, type EffectType, NEVER_UNATTENDED } from '../actions/effects.ts';
import { PROPOSAL_ATTRIBUTES } from './cedar-schema.ts';
import { foldCondition } from './residual.ts';
import { type PolicyFault, readPolicy } from './policy-text.ts';

type Fixed = Readonly<Record<string, string | boolean | string[]>>;

/** One kind of action that no project may permit, as far as it is fixed; everything else stays open. */
interface Forbidden {
  readonly fixed: Fixed;
  readonly what: string;
}

const subsets = (types: readonly EffectType[]): EffectType[][] =>
  types.reduce<EffectType[][]>((sets, type) => sets.flatMap((set) => [set, [...set, type]]), [[]]);

/** Every set of effect classes with one that never runs unattended, then HTTP without a defined GET or HEAD. */
const FORBIDDEN: readonly Forbidden[] = [
  ...subsets(EFFECT_TYPES)
    .filter((set) => set.some((type) => NEVER_UNATTENDED.includes(type)))
    .map((effects) => ({ fixed: { effects }, what: `an action with the effects ${effects.join(' and ')}` })),
  { fixed: { effects: [] }, what: 'an action whose effects are not known' },
  ...['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => ({
    fixed: { provider: 'http', method },
    what: `an http request with ${method}`,
  })),
  ...['GET', 'HEAD'].map((method) => ({
    fixed: { provider: 'http', method, defined: false },
    what: `an http ${method} to an endpoint that nobody defined`,
  })),
];

// The engine's own placeholder: a value that is not known yet. The type of the bindings has no word for it.
const unknown = (name: string): cedar.CedarValueJson => ({ __extn: { fn: 'unknown', arg: name } });

const OPEN: Readonly<Record<string, cedar.CedarValueJson>> = Object.fromEntries(
  Object.keys(PROPOSAL_ATTRIBUTES).map((name) => [name, unknown(name)]),
);

/** Ids of the permits that might let such an action run unattended, whatever its open attributes are. */
const mightPermit = (policies: Readonly<Record<string, string>>, fixed: Fixed): readonly string[] => {
  const resource = { type: 'Autopack::Proposal', id: 'any' };
  const answer = cedar.isAuthorizedPartial({
    principal: null,
    action: { type: 'Autopack::Action', id: 'runUnattended' },
    resource,
    context: { production: unknown('production') },
    policies: { staticPolicies: { ...policies } },
    entities: [{ uid: resource, parents: [], attrs: { ...OPEN, ...fixed } }],
  });
  if (answer.type === 'failure') return Object.keys(policies);
  const { decision, residuals } = answer.response;
  if (decision === 'deny') return [];
  return Object.entries(residuals)
    .filter(([, policy]) => policy.effect === 'permit')
    .filter(([, policy]) => policy.conditions.every((clause) => foldCondition(clause) !== false))
    .map(([id]) => id)
    .toSorted();
};

/**
 * The first wall, when a policy is written (GOV-04). The project's statements are evaluated alone, without the
 * product's forbids, against every kind of action that never runs unattended; attributes that a kind does not fix
 * are unknown to the engine, so a permit passes only where it can be proven not to apply, for every operation,
 * host, path, account and proposer there will ever be. Answers every fault; an empty list means the text may be written.
 */
export const checkProjectPolicy = (text: string): readonly PolicyFault[] => {
  const read = readPolicy(text);
  if (read.kind === 'unreadable') return read.faults;
  if (Object.keys(read.policies).length === 0) return [];
  const faults = new Map<string, PolicyFault>();
  for (const { fixed, what } of FORBIDDEN) {
    for (const policy of mightPermit(read.policies, fixed)) {
      if (faults.has(policy)) continue;
      faults.set(policy, { policy, message: `could let ${what} run without a person. ${ADVICE}` });
    }
  }
  return [...faults.values()];
};

const ADVICE =
  'Narrow it to what may run, as in: when { resource.effects == ["read"] && resource.defined && ["GET", "HEAD"].contains(resource.method) }.';
