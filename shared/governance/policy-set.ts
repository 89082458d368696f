import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { CEDAR_SCHEMA } from './cedar-schema.ts';
import { readPolicy } from './policy-text.ts';
import { PRODUCT_POLICIES } from './product-policies.ts';

export type Question = 'propose' | 'runUnattended' | 'approve';

export interface Asked {
  readonly principal: cedar.EntityJson;
  readonly proposal: cedar.EntityJson;
  readonly production: boolean;
}

export interface PolicyAnswer {
  readonly allowed: boolean;
  /** Ids of the policies that decided. */
  readonly policies: readonly string[];
  /** A rule could not be evaluated: nothing is allowed then, since a forbid may be among those that were skipped. */
  readonly failed: boolean;
}

export type Ask = (question: Question, asked: Asked) => PolicyAnswer;

export type OpenPolicySet = (projectPolicy: string) => Ask | undefined;

const SCHEMA_NAME = 'autopack';
/** Parsed sets live in the engine until their slot is used again; projects of one warm function share the slots. */
const SLOTS = 16;

const NOTHING: PolicyAnswer = { allowed: false, policies: [], failed: true };

const slotOf = new Map<string, string>();
let parsedSets = 0;
let schemaIsParsed = false;

const parse = (text: string): string | undefined => {
  const own = readPolicy(text);
  if (own.kind === 'unreadable') return undefined;
  schemaIsParsed ||= cedar.preparseSchema(SCHEMA_NAME, CEDAR_SCHEMA).type === 'success';
  const slot = `set-${parsedSets % SLOTS}`;
  parsedSets += 1;
  // A slot must not be found under its old text once it is about to hold another set.
  for (const [known, used] of slotOf) if (used === slot) slotOf.delete(known);
  const parsed = cedar.preparsePolicySet(slot, { staticPolicies: { ...own.policies, ...PRODUCT_POLICIES } });
  if (!schemaIsParsed || parsed.type === 'failure') return undefined;
  slotOf.set(text, slot);
  return slot;
};

const slotFor = (text: string): string | undefined => slotOf.get(text) ?? parse(text);

const answerOf = (slot: string, question: Question, asked: Asked): PolicyAnswer => {
  const answer = cedar.statefulIsAuthorized({
    principal: asked.principal.uid,
    action: { type: 'Autopack::Action', id: question },
    resource: asked.proposal.uid,
    context: { production: asked.production },
    entities: [asked.principal, asked.proposal],
    preparsedSchemaName: SCHEMA_NAME,
    preparsedPolicySetId: slot,
    validateRequest: true,
  });
  if (answer.type === 'failure') return NOTHING;
  const { decision, diagnostics } = answer.response;
  const failed = diagnostics.errors.length > 0;
  return { allowed: decision === 'allow' && !failed, policies: diagnostics.reason.toSorted(), failed };
};

/**
 * The product's policies and a project's own as one set. Undefined where the project's text cannot be read: missing
 * rules may be forbids, so the caller has to refuse. Every failure of the engine answers "not allowed".
 */
export const openPolicySet: OpenPolicySet = (text) => {
  if (slotFor(text) === undefined) return undefined;
  return (question, asked) => {
    try {
      const slot = slotFor(text);
      return slot === undefined ? NOTHING : answerOf(slot, question, asked);
    } catch {
      return NOTHING;
    }
  };
};
