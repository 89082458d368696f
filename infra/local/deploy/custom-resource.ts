import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { durableState } from '../durable-file.ts';
import type { Host, LocalSite } from '../service.ts';

interface LastAnswer {
  /** JSON text. */
  properties: string;
  physicalResourceId: string;
  data: Record<string, unknown>;
}

/** Last answer of each custom resource, by `Stack/LogicalId`. */
const Answered = z.record(
  z.string(),
  z.object({
    properties: z.string(),
    physicalResourceId: z.string(),
    data: z.record(z.string(), z.unknown()),
  }),
);

const Reply = z.object({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().optional(),
  PhysicalResourceId: z.string().optional(),
  Data: z.record(z.string(), z.unknown()).optional(),
});
type Reply = z.infer<typeof Reply>;

export interface CustomResourceRequest {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface CustomResources {
  /** Where functions PUT their answer. */
  readonly site: LocalSite;
  /**
   * Invokes the function behind the resource: Create at the first time, Update when the properties changed, nothing
   * otherwise.
   * @throws Error with the reason where the function fails, says FAILED or does not answer.
   */
  ensure(
    request: CustomResourceRequest,
  ): Promise<{ readonly physicalResourceId: string; readonly data: Readonly<Record<string, unknown>> }>;
}

const LONGEST_SECONDS = 60;

/** CloudFormation hands every number and boolean of a property over as text, however deep. */
const scalarsAsText = (value: unknown): unknown => {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(scalarsAsText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, scalarsAsText(part)]));
};

export const createCustomResources = (host: Host): CustomResources => {
  const state = durableState<Record<string, LastAnswer>>(
    join(host.dataDir, 'custom-resources.json'),
    Answered,
    () => ({}),
  );
  const waiting = new Map<string, (reply: unknown) => void>();
  const prefix = '/_cloudformation' as const;
  return {
    site: {
      prefix,
      handle: (request) => {
        const token = request.path.slice(prefix.length + 1);
        const answer = waiting.get(token);
        if (request.method !== 'PUT' || answer === undefined)
          return Promise.resolve({ status: 404, body: '' });
        waiting.delete(token);
        answer(JSON.parse(request.body.toString('utf8')));
        return Promise.resolve({ status: 200, body: '' });
      },
    },
    async ensure({ stack, logicalId, type, properties }) {
      const at = `${stack}/${logicalId}`;
      const before = state.read()[at];
      const now = JSON.stringify(properties);
      if (before?.properties === now) return before;
      const token = randomUUID();
      const answered = new Promise<unknown>((resolve) => waiting.set(token, resolve));
      const seconds = Math.min(Number(properties['ServiceTimeout'] ?? LONGEST_SECONDS), LONGEST_SECONDS);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`${at}: the custom resource did not answer within ${seconds} s`)),
          seconds * 1000,
        );
      });
      const run = async (): Promise<Reply> => {
        const result = await host.invoke(String(properties['ServiceToken']), {
          RequestType: before === undefined ? 'Create' : 'Update',
          RequestId: token,
          StackId: `arn:aws:cloudformation:${host.region}:${host.accountId}:stack/${stack}/local`,
          ResponseURL: `${host.awsUrl()}${prefix}/${token}`,
          ResourceType: type,
          LogicalResourceId: logicalId,
          ...(before === undefined
            ? {}
            : {
                PhysicalResourceId: before.physicalResourceId,
                OldResourceProperties: scalarsAsText(JSON.parse(before.properties)),
              }),
          ResourceProperties: scalarsAsText(properties),
        });
        if (result.functionError !== undefined)
          throw new Error(
            `${at}: the custom resource failed: ${JSON.stringify(result.payload).slice(0, 500)}`,
          );
        return Reply.parse(await answered);
      };
      try {
        const reply = await Promise.race([run(), late]);
        if (reply.Status === 'FAILED')
          throw new Error(`${at}: the custom resource failed: ${reply.Reason ?? 'no reason given'}`);
        const made = {
          properties: now,
          physicalResourceId: reply.PhysicalResourceId ?? before?.physicalResourceId ?? `${at}-${token}`,
          data: reply.Data ?? {},
        };
        await state.update((draft) => {
          draft[at] = made;
        });
        return made;
      } finally {
        clearTimeout(timer);
        waiting.delete(token);
      }
    },
  };
};
