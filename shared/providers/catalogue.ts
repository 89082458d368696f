import type { ProjectConfig } from '../governance/project-config.ts';
import { cancelOrder } from './alpaca/cancel-order.ts';
import { submitOrder } from './alpaca/submit-order.ts';
import { httpRequest } from './http/request.ts';
import type { OperationDescription, ProviderOperation } from './provider.ts';

const OPERATIONS: ReadonlyMap<string, ProviderOperation> = new Map(
  [submitOrder, cancelOrder, httpRequest].map((operation) => [operation.describe().operation, operation]),
);

/** The adapter of `provider/operation`, by its exact name. */
export const findOperation = (operation: string): ProviderOperation | undefined => OPERATIONS.get(operation);

/** Every operation that this product knows, in a fixed order. */
export const describeOperations = (): OperationDescription[] =>
  [...OPERATIONS.values()].map((operation) => operation.describe());

/** Whether a project switched the provider of an operation on. Unset, misspelt or unknown: off (GOV-13). */
export const providerIsOn = (operation: string, project: ProjectConfig): boolean => {
  if (!OPERATIONS.has(operation)) return false;
  const [provider] = operation.split('/');
  return project.settings.providers.some((listed) => listed === provider);
};
