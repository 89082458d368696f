import type { ApprovalListView, ApprovalView } from '../approvals/approval-view.ts';
import { facts, table } from './terminal-text.ts';

/** What is decided on, for a terminal. */
export const showApproval = (approval: ApprovalView): string =>
  facts([
    ['Approval', approval.id],
    ['Action', `${approval.project} / ${approval.key}`],
    ['Status', approval.status],
    ['What', approval.title],
    ['Operation', approval.operation],
    ['Tier', `${approval.tier}, risk ${approval.riskScore}`],
    ...approval.reasons.map((reason): [string, string] => ['Because', `${reason.code}: ${reason.detail}`]),
    [
      'Request',
      approval.rendered ? `${approval.rendered.request.method} ${approval.rendered.request.url}` : null,
    ],
    ['Body', approval.rendered?.request.body],
    ...(approval.policies?.evidence ?? []).map((one): [string, string] => [
      'Policy',
      `${one.source} ${one.semantic.slice(0, 12)}, verified ${one.verifiedAt}`,
    ]),
    ...(approval.policies?.reasons ?? []).map((one): [string, string] => [
      'Refuses',
      `${one.source} ${one.code}: ${one.detail}`,
    ]),
    ...(approval.policies?.overridden ?? []).map((one): [string, string] => [
      'Break-glass',
      `${one.source} ${one.code}, project version ${one.version}`,
    ]),
    ['Request hash', approval.requestHash],
    ['Proposed by', approval.proposer],
    ['Expires', approval.expiresAt],
    [
      'Decided',
      approval.decision === null ? null : `by ${approval.decision.byName}, ${approval.decision.at}`,
    ],
    ['Reason', approval.decision?.reason || null],
  ]);

/** A page of approvals, for a terminal. */
export const showApprovals = (page: ApprovalListView): string =>
  page.approvals.length === 0
    ? 'No approvals.\n'
    : table(
        ['ID', 'STATUS', 'TIER', 'EXPIRES', 'PROJECT / KEY', 'WHAT'],
        page.approvals.map((approval) => [
          approval.id,
          approval.status,
          approval.tier,
          approval.expiresAt,
          `${approval.project} / ${approval.key}`,
          approval.title,
        ]),
      );
