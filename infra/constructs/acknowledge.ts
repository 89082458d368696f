import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Says why a finding stands, next to the resource. Ids are those of cdk-nag with the finding in brackets; they are
 * prefixed with their pack so that the report lists them.
 */
export const acknowledge = (construct: IConstruct, reasons: Readonly<Record<string, string>>): void => {
  for (const [id, reason] of Object.entries(reasons))
    Validations.of(construct).acknowledge({ id: `${id.slice(0, id.indexOf('-'))}::${id}`, reason });
};
