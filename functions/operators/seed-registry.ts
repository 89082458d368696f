import * as z from 'zod';
import { timestamp } from '#shared/actions/identity.ts';
import type { CustomResourceAnswer, CustomResourceEvent } from '#shared/operators/custom-resource.ts';
import { type SeedItem, SeedProperties, seedItems } from '#shared/operators/seed.ts';

export interface SeedDeps {
  readonly putIfAbsent: (store: SeedItem['store'], item: SeedItem['item']) => Promise<'put' | 'kept'>;
  readonly now: () => number;
}

/** Never changes, so that an update can never look like a replacement that deletes the old one. */
const PHYSICAL_ID = 'autopack-registry-seed';

const describe = (error: unknown): string =>
  (error instanceof z.ZodError
    ? z.prettifyError(error)
    : error instanceof Error
      ? error.message
      : 'unknown'
  ).slice(0, 900);

/**
 * Writes the people, machines, projects and credential metadata of a deployment where they are absent. What is
 * there stays: a revocation and a confirmed change outlive every deployment. Deleting deletes nothing.
 * Always answers; a seed that does not fit is an answer of FAILED before anything is written.
 */
export const seedRegistry = async (
  event: CustomResourceEvent,
  deps: SeedDeps,
): Promise<CustomResourceAnswer> => {
  const { StackId, RequestId, LogicalResourceId } = event;
  const base = {
    StackId,
    RequestId,
    LogicalResourceId,
    PhysicalResourceId: event.PhysicalResourceId ?? PHYSICAL_ID,
  };
  if (event.RequestType === 'Delete')
    return { ...base, Status: 'SUCCESS', Reason: 'Rows are kept', Data: {} };
  try {
    const items = seedItems(SeedProperties.parse(event.ResourceProperties).seed, timestamp(deps.now()));
    let put = 0;
    for (const { store, item } of items) {
      if ((await deps.putIfAbsent(store, item)) === 'put') put += 1;
    }
    const data = { put: String(put), kept: String(items.length - put) };
    return { ...base, Status: 'SUCCESS', Reason: `${data.put} put, ${data.kept} kept`, Data: data };
  } catch (error) {
    return { ...base, Status: 'FAILED', Reason: `The registry was not seeded: ${describe(error)}`, Data: {} };
  }
};
