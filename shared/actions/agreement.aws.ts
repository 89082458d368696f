import { approvalOf, approvalPk } from '../approvals/approvals.aws.ts';
import type { Db } from '../config/dynamo.aws.ts';
import { readRows } from '../config/rows.aws.ts';
import { projectConfigOf, projectPk } from '../governance/project-config.aws.ts';
import type { ReadAgreement } from './agreement.ts';

/** Project and approval in one strongly consistent request over both tables. */
export const readAgreement = (
  db: Db,
  tables: { readonly approvals: string; readonly registry: string },
): ReadAgreement => {
  const configOf = projectConfigOf();
  return async (project, approvalId) => {
    const [config, approval] = await readRows(db, [
      { table: tables.registry, pk: projectPk(project) },
      ...(approvalId === undefined ? [] : [{ table: tables.approvals, pk: approvalPk(approvalId) }]),
    ]);
    return {
      project: configOf(project, config),
      approval: approval === undefined ? undefined : approvalOf(approval),
    };
  };
};
