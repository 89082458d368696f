import type { Approval } from '../approvals/approval.ts';
import type { ProjectConfig } from '../governance/project-config.ts';

/** What people agreed to, as it stands right before a claim. */
export interface Agreement {
  /** What two operators confirmed about the project; the strict default where that cannot be read. */
  readonly project: ProjectConfig;
  /** The approval of the action; undefined where it has none. */
  readonly approval: Approval | undefined;
}

/** Strongly consistent read of both (rule 4). Without an approval's id only the project is read. */
export type ReadAgreement = (project: string, approvalId: string | undefined) => Promise<Agreement>;
