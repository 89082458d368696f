import { rotateSecret, RotationEvent } from '#functions/credentials/rotate-secret.ts';
import { conditionPk, type CredentialCondition } from '#shared/credentials/condition.ts';
import { countRotation } from '#shared/credentials/rotation/count-rotation.ts';
import { RotationError } from '#shared/credentials/rotation/kind.ts';
import { Crash, Disturbance, type Fault } from './faults.ts';
import { type KindUnderTest, NOW } from './kinds.ts';
import { SecretsModel } from './secrets-model.ts';

/** How Secrets Manager goes on after a step that failed, and what it does to a step that did not. */
export const SERVICES = ['again from the step', 'again from the start', 'every step twice'] as const;
export type Service = (typeof SERVICES)[number];

export const TOKEN = 'token-of-the-rotation-00000000000001';
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
/** The service tries a step again this often at most. */
const TRIES = 5;

export interface Walk {
  readonly calls: readonly string[];
  /** What was untrue at some moment. */
  readonly problems: readonly string[];
  readonly done: boolean;
  readonly codes: readonly string[];
  readonly conditions: readonly CredentialCondition[];
  readonly log: readonly string[];
}

/** Conditions as the table keeps them: written only over the version that was read. */
const conditionsTable = () => {
  const rows = new Map<string, CredentialCondition>();
  return {
    rows,
    readCondition: async (project: string, ref: Parameters<typeof conditionPk>[1]) =>
      rows.get(conditionPk(project, ref)),
    putCondition: async (from: CredentialCondition | undefined, to: CredentialCondition) => {
      const pk = conditionPk(to.project, to);
      if (rows.get(pk)?.version !== from?.version) return 'refused' as const;
      rows.set(pk, to);
      return 'stored' as const;
    },
  };
};

/** One rotation from its placeholder to its end, with one fault, as the service drives it. */
export const walk = async (tested: KindUnderTest, service: Service, fault?: Fault): Promise<Walk> => {
  const { secrets } = tested;
  const problems = new Set<string>();
  let seen: string | undefined;
  const world = new Disturbance(fault, () => {
    const current = secrets.holders('AWSCURRENT');
    if (current.length !== 1) problems.add(`${current.length} versions are AWSCURRENT`);
    const value = secrets.valueOf('AWSCURRENT') ?? '';
    if (value === seen) return;
    seen = value;
    const broken = tested.broken(value);
    if (broken !== undefined) problems.add(broken);
  });
  const ports = Object.fromEntries(
    Object.entries(secrets.ports).map(([name, port]) => [name, world.wrap(name, port as never)]),
  ) as unknown as typeof secrets.ports;
  const table = conditionsTable();
  const log: string[] = [];
  const codes: string[] = [];
  const kind = tested.kind(ports, world);
  const deps = {
    versions: ports,
    targetOf: world.wrap('targetOf', async () => ({ kind, grants: tested.grants })),
    countRotation: countRotation({
      readCondition: world.wrap('readCondition', table.readCondition),
      putCondition: world.wrap('putCondition', table.putCondition),
      now: () => NOW,
    }),
    sleep: async () => undefined,
    now: () => NOW,
    log: (line: object) => log.push(JSON.stringify(line)),
  };
  const once = async (Step: (typeof STEPS)[number]): Promise<boolean> => {
    world.restart();
    try {
      await rotateSecret(
        RotationEvent.parse({ Step, SecretId: SecretsModel.ID, ClientRequestToken: TOKEN }),
        deps,
      );
      return true;
    } catch (error) {
      codes.push(error instanceof RotationError ? error.code : error instanceof Crash ? 'crash' : 'other');
      return false;
    }
  };
  secrets.beginRotation(TOKEN);
  let failures = 0;
  for (let at = 0; at < STEPS.length && failures < TRIES;) {
    const step = STEPS[at] as (typeof STEPS)[number];
    const went = (await once(step)) && (service !== 'every step twice' || (await once(step)));
    if (went) at += 1;
    else {
      failures += 1;
      if (service === 'again from the start') at = 0;
    }
  }
  const done = failures < TRIES && tested.isNew(secrets.valueOf('AWSCURRENT') ?? '');
  return {
    calls: world.calls,
    problems: [...problems],
    done,
    codes,
    conditions: [...table.rows.values()],
    log,
  };
};
