import { CfnResource } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Fixes the logical id of a stateful resource, so that moving its construct never replaces it (MIG-02). */
export const pin = (construct: IConstruct, logicalId: string): void => {
  const resource = construct.node.defaultChild;
  if (!(resource instanceof CfnResource))
    throw new Error(`${construct.node.path} has no resource of its own to pin`);
  resource.overrideLogicalId(logicalId);
};
