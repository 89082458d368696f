import { documentClient } from '#shared/config/dynamo.aws.ts';
import { parseEnv } from '#shared/config/env.ts';
import { answerCustomResource } from '#shared/operators/custom-resource.http.ts';
import { CustomResourceEvent } from '#shared/operators/custom-resource.ts';
import { putIfAbsent } from '#shared/operators/seed.aws.ts';
import { env as environments } from './env.ts';
import { seedRegistry } from './seed-registry.ts';

const env = parseEnv(environments['seed-registry'], process.env);
const db = documentClient();
const puts = {
  registry: putIfAbsent(db, env.REGISTRY_TABLE),
  credentials: putIfAbsent(db, env.CREDENTIALS_TABLE),
};

/** CloudFormation custom resource: answers by a PUT to the address in the event. */
export const handler = async (received: unknown): Promise<void> => {
  const event = CustomResourceEvent.parse(received);
  const answer = await seedRegistry(event, {
    putIfAbsent: (store, item) => puts[store](item),
    now: () => Date.now(),
  });
  if (answer.Status === 'FAILED')
    console.error(JSON.stringify({ level: 'ERROR', code: 'SEED_FAILED', reason: answer.Reason }));
  await answerCustomResource(event.ResponseURL, answer);
};
