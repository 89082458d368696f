import type { DryRun } from '../actions/dry-run.ts';
import { timestamp } from '../actions/identity.ts';
import type { PersonRow } from '../operators/principal.ts';
import type { Approval, ApplyApprovalChange, PutLocator } from './approval.ts';
import { locatorDigest, mailLink, newLocator } from './locator.ts';
import { approvalMail, type Mail } from './mail.ts';
import { noteMail } from './moves.ts';

export interface MailApproversDeps {
  readonly putLocator: PutLocator;
  readonly sendMail: (recipient: string, mail: Mail) => Promise<'sent' | 'refused'>;
  readonly applyApprovalChange: ApplyApprovalChange;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly publicUrl: string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly count: (metric: 'MailRefused', ids: Readonly<Record<string, string>>) => void;
}

const ATTEMPTS = 8;

/** What `mailed` remembers: once per request (the item), recipient and kind. */
export const mailMark = (recipient: string, kind: 'requested'): string =>
  `${recipient.toLowerCase()}|${kind}`;

const note = async (first: Approval, mark: string, deps: MailApproversDeps): Promise<Approval> => {
  let approval = first;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const move = noteMail(approval, mark, deps.newId());
    if (move.kind !== 'move') return approval;
    const result = await deps.applyApprovalChange({ from: approval, to: move.to });
    if (result.kind === 'applied') return result.approval;
    approval = result.current;
  }
  throw new Error('APPROVAL_BUSY: the approval changed too often');
};

/**
 * Mails everybody who has no mark yet, one after the other. A mail is marked after it was handed over: a crash in
 * between sends that one mail again, marking first would lose it, and SES offers no key to tell the two apart.
 * One recipient's trouble does not keep the others waiting. Stops when the request is decided.
 * @throws the last error of a recipient whom a later try may reach
 */
export const mailApprovers =
  (deps: MailApproversDeps) =>
  async (first: Approval, dryRun: DryRun, people: readonly PersonRow[]): Promise<void> => {
    let approval = first;
    let failure: unknown;
    for (const person of people) {
      if (approval.status !== 'WAITING') break;
      const mark = mailMark(person.email, 'requested');
      if (approval.mailed.includes(mark)) continue;
      try {
        const locator = newLocator(deps.randomBytes);
        await deps.putLocator({
          schemaVersion: 1,
          digest: locatorDigest(locator),
          approvalId: approval.approvalId,
          recipient: person.email,
          createdAt: timestamp(deps.now()),
        });
        const link = mailLink(deps.publicUrl, locator);
        const sent = await deps.sendMail(
          person.email,
          approvalMail({ approval, dryRun, recipientName: person.name, link }),
        );
        if (sent === 'sent') approval = await note(approval, mark, deps);
        else deps.count('MailRefused', { project: approval.project, approvalId: approval.approvalId });
      } catch (error) {
        failure = error;
      }
    }
    if (failure !== undefined) throw failure;
  };
