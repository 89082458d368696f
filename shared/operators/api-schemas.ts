import * as z from 'zod';
import { ActionListView, ActionView } from '../actions/action-view.ts';
import { Sha256 } from '../actions/dry-run.ts';
import { Proposal, ResolveBody } from '../actions/proposal.ts';
import { ApprovalListView, ApprovalView } from '../approvals/approval-view.ts';
import { StageName } from '../config/env.ts';
import {
  CredentialHealthView,
  CredentialListView,
  CredentialLookView,
} from '../credentials/credential-view.ts';
import { DropBody, RingView } from '../credentials/rotation/drop-key.ts';
import { RotationView, StageBody, UnstickBody } from '../credentials/rotation/requests.ts';
import { ChangeRow, ConfirmChangeBody, ProposeChangeBody } from '../governance/change.ts';
import { ProjectConfig } from '../governance/project-config.ts';
import { PolicyHealth } from '../policies/health.ts';
import { AcknowledgeBody } from '../policies/acknowledge-body.ts';
import { SourceEdit } from '../policies/edit-source.ts';
import {
  CheckView,
  ObservationListView,
  PolicyChangeView,
  PolicyListView,
  PolicyView,
} from '../policies/policy-view.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';
import { ConfirmCaptureBody, ManualCaptureBody, ManualCaptureView } from '../policies/manual-capture.ts';

/** Answer of `GET /health`: nothing that is not public. */
export const Health = z.strictObject({
  status: z.literal('ok'),
  version: z.string(),
  stage: StageName,
  /** Where people and agents get their tokens; what a CLI needs to sign somebody in. */
  signIn: z.strictObject({ issuer: z.url(), cliClientId: z.string() }),
});
export type Health = z.infer<typeof Health>;

/** RFC 9457 problem document; further members may be there. */
export const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
  requestId: z.string(),
  field: z.string().optional(),
});

/** Body of a decision, as `functions/approvals/decide-approval.ts` reads it; a test holds the two together. */
export const Decision = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  requestHash: Sha256,
  version: z.int().positive(),
  reason: z.string().max(500).default(''),
});

const ChangeView = ChangeRow.extend({
  overtaken: z.boolean().optional(),
  replayed: z.boolean().optional(),
  current: z.json().optional(),
  warnings: z.array(z.string()).optional(),
});

const ChangeListView = z.strictObject({
  project: z.string(),
  version: z.int(),
  changes: z.array(ChangeView),
  nextCursor: z.string().optional(),
});

/** Every schema of the OpenAPI document by its name there. `input` ones are bodies that clients send. */
export const API_SCHEMAS = {
  Proposal: { schema: Proposal, io: 'input' },
  Resolution: { schema: ResolveBody, io: 'input' },
  Decision: { schema: Decision, io: 'input' },
  ProposedChange: { schema: ProposeChangeBody, io: 'input' },
  Confirmation: { schema: ConfirmChangeBody, io: 'input' },
  ManualCapture: { schema: ManualCaptureBody, io: 'input' },
  CaptureConfirmation: { schema: ConfirmCaptureBody, io: 'input' },
  Action: { schema: ActionView, io: 'output' },
  ActionList: { schema: ActionListView, io: 'output' },
  Approval: { schema: ApprovalView, io: 'output' },
  ApprovalList: { schema: ApprovalListView, io: 'output' },
  ProjectConfig: { schema: ProjectConfig, io: 'output' },
  Change: { schema: ChangeView, io: 'output' },
  ChangeList: { schema: ChangeListView, io: 'output' },
  ManualCaptureResult: { schema: ManualCaptureView, io: 'output' },
  PolicySource: { schema: SourceEdit, io: 'input' },
  Acknowledgement: { schema: AcknowledgeBody, io: 'input' },
  Policy: { schema: PolicyView, io: 'output' },
  PolicyList: { schema: PolicyListView, io: 'output' },
  PolicyHealth: { schema: PolicyHealth, io: 'output' },
  PolicyChange: { schema: PolicyChangeView, io: 'output' },
  ObservationList: { schema: ObservationListView, io: 'output' },
  PolicyCheck: { schema: CheckView, io: 'output' },
  CredentialList: { schema: CredentialListView, io: 'output' },
  CredentialHealth: { schema: CredentialHealthView, io: 'output' },
  CredentialLook: { schema: CredentialLookView, io: 'output' },
  StagedValue: { schema: StageBody, io: 'input' },
  Unstick: { schema: UnstickBody, io: 'input' },
  Rotation: { schema: RotationView, io: 'output' },
  Drop: { schema: DropBody, io: 'input' },
  Ring: { schema: RingView, io: 'output' },
  Health: { schema: Health, io: 'output' },
  Problem: { schema: Problem, io: 'output' },
} as const satisfies Record<string, { readonly schema: z.ZodType; readonly io: 'input' | 'output' }>;

export type ApiSchemaName = keyof typeof API_SCHEMAS;
