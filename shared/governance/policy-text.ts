import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { CEDAR_SCHEMA } from './cedar-schema.ts';

/** What is wrong with a project's policy, and how to mend it. */
export interface PolicyFault {
  /** `project.<id>` of the statement, or empty where the text as a whole is meant. */
  readonly policy: string;
  readonly message: string;
}

export type ReadPolicy =
  | { readonly kind: 'readable'; readonly policies: Readonly<Record<string, string>> }
  | { readonly kind: 'unreadable'; readonly faults: readonly PolicyFault[] };

/** Statements that one project may write. */
export const MOST_STATEMENTS = 50;
const ID = /^[a-z][a-z0-9-]{0,39}$/;

const faulty = (policy: string, message: string): ReadPolicy => ({
  kind: 'unreadable',
  faults: [{ policy, message }],
});

/** True where an expression of the policy calls a function of that name. */
const calls = (node: unknown, name: string): boolean => {
  if (Array.isArray(node)) return node.some((each) => calls(each, name));
  if (typeof node !== 'object' || node === null) return false;
  return Object.entries(node).some(
    ([key, value]) => (key === name && Array.isArray(value)) || calls(value, name),
  );
};

/** Why a statement that fits the schema is still not one that a project may write; undefined where it is. */
const overreach = (policy: cedar.PolicyJson): string | undefined => {
  // The validator accepts Cedar's placeholder of partial evaluation, which would stay open until a decision.
  if (calls(policy.conditions, 'unknown')) return 'unknown(…) is not a value; compare with what you mean.';
  if (policy.effect === 'forbid') return undefined;
  const { action } = policy;
  const uid = action.op === '==' && 'entity' in action ? action.entity : undefined;
  const named = uid === undefined ? undefined : '__entity' in uid ? uid.__entity : uid;
  return named?.type === 'Autopack::Action' && named.id === 'runUnattended'
    ? undefined
    : 'a permit has to say action == Autopack::Action::"runUnattended"; who may propose and approve is for the product, a project can only forbid.';
};

const readStatements = (text: string): ReadPolicy => {
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'failure') {
    return {
      kind: 'unreadable',
      faults: parts.errors.map((error) => ({ policy: '', message: withPlace(text, error) })),
    };
  }
  if (parts.policy_templates.length > 0)
    return faulty('', 'templates with ?principal or ?resource are not supported.');
  if (parts.policies.length > MOST_STATEMENTS)
    return faulty('', `at most ${MOST_STATEMENTS} statements fit one project.`);
  const policies: Record<string, string> = {};
  for (const [index, statement] of parts.policies.entries()) {
    const read = cedar.policyToJson(statement);
    if (read.type === 'failure') return faulty('', read.errors[0]?.message ?? 'cannot be read.');
    const given = read.json.annotations?.id;
    if (given !== undefined && !ID.test(given)) {
      return faulty(given.slice(0, 40), 'an @id is 1 to 40 of a-z, 0-9 and "-", starting with a letter.');
    }
    const id = `project.${given ?? `rule${index + 1}`}`;
    if (Object.hasOwn(policies, id)) return faulty(id, 'two statements have this @id.');
    const fault = overreach(read.json);
    if (fault !== undefined) return faulty(id, fault);
    policies[id] = statement;
  }
  const checked = cedar.validate({ schema: CEDAR_SCHEMA, policies: { staticPolicies: policies } });
  const errors =
    checked.type === 'failure'
      ? checked.errors.map((error) => ({ policy: '', message: error.message }))
      : checked.validationErrors.map(({ policyId, error }) => ({
          policy: policyId,
          message: error.help === null ? error.message : `${error.message}; ${error.help}`,
        }));
  return errors.length > 0 ? { kind: 'unreadable', faults: errors } : { kind: 'readable', policies };
};

const withPlace = (text: string, error: cedar.DetailedError): string => {
  const start = error.sourceLocations?.[0]?.start;
  if (start === undefined) return error.message;
  const before = Buffer.from(text).subarray(0, start).toString().split('\n');
  return `line ${before.length}: ${error.message}`;
};

/**
 * Reads a project's policy text: Cedar statements that fit the schema, permits only for unattended runs, no
 * templates. Empty text is readable and says nothing. Never throws.
 */
export const readPolicy = (text: string): ReadPolicy => {
  if (!text.isWellFormed()) return faulty('', 'the text holds half of a character (a lone surrogate).');
  try {
    return readStatements(text);
  } catch {
    return faulty('', 'the policy engine cannot read the text.');
  }
};
