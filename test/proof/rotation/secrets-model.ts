import type { SecretDescription, SecretVersions, Stage } from '#shared/credentials/rotation/versions.ts';

interface Version {
  readonly value?: string;
  readonly stages: readonly string[];
}
type Versions = Readonly<Record<string, Version>>;

/** A refusal of Secrets Manager that no adapter turns into an answer. */
export class SecretsRefusal extends Error {
  override readonly name: string;
  constructor(name: string) {
    super(name);
    this.name = name;
  }
}

/**
 * One secret, by the rules of Secrets Manager as its documentation and the issues of its users tell them: a rotation
 * begins with an empty version that is pending; one token has one value; a label hangs on one version and is only taken
 * from the one that has it; moving AWSCURRENT leaves AWSPREVIOUS behind; one rotation at a time; reads may lag.
 */
export class SecretsModel {
  static readonly ID = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:autopack/dev/model-AbCdEf';
  rotationEnabled = false;
  changedAt = 0;
  private now: Versions;
  private before: Versions;
  private staleReads = 0;
  /** How many reads after a write still show what was before it. */
  readonly lag: number;

  constructor(current: string, lag = 0) {
    this.now = { 'version-of-the-beginning-000000000': { value: current, stages: ['AWSCURRENT'] } };
    this.before = this.now;
    this.lag = lag;
  }

  private write(next: Versions): void {
    // What a read may still show is what was there before the oldest write that it has not seen.
    if (this.staleReads === 0) this.before = this.now;
    this.now = next;
    this.staleReads = this.lag;
  }

  private read(): Versions {
    if (this.staleReads === 0) return this.now;
    this.staleReads -= 1;
    return this.before;
  }

  private holder(stage: string): string | undefined {
    return Object.keys(this.now).find((id) => this.now[id]?.stages.includes(stage));
  }

  private hung(versions: Versions, stage: string, on: string): Versions {
    const from = Object.keys(versions).find((id) => versions[id]?.stages.includes(stage));
    if (from === on) return versions;
    const moved = Object.fromEntries(
      Object.entries(versions).map(([id, version]) => {
        const others = version.stages.filter((each) => each !== stage);
        return [id, { ...version, stages: id === on ? [...others, stage] : others }];
      }),
    );
    return stage === 'AWSCURRENT' && from !== undefined ? this.hung(moved, 'AWSPREVIOUS', from) : moved;
  }

  /** Which versions carry a stage now, whatever a lagging read would show. */
  holders(stage: string): readonly string[] {
    return Object.keys(this.now).filter((id) => this.now[id]?.stages.includes(stage));
  }

  valueOf(stage: string): string | undefined {
    return this.now[this.holder(stage) ?? '']?.value;
  }

  /** What the service does before it calls the first step. @throws SecretsRefusal where a rotation is not complete */
  beginRotation(token: string): void {
    const pending = this.holder('AWSPENDING');
    if (pending !== undefined && pending !== token && pending !== this.holder('AWSCURRENT'))
      throw new SecretsRefusal('InvalidRequestException');
    this.rotationEnabled = true;
    this.write(this.hung({ ...this.now, [token]: this.now[token] ?? { stages: [] } }, 'AWSPENDING', token));
  }

  /** What the service may do after the last step; it is known to be late or never. */
  cleanUp(token: string): void {
    const version = this.now[token];
    if (version === undefined) return;
    const stages = version.stages.filter((stage) => stage !== 'AWSPENDING');
    const { [token]: _gone, ...others } = this.now;
    this.write(
      version.value === undefined && stages.length === 0
        ? others
        : { ...others, [token]: { ...version, stages } },
    );
  }

  readonly ports: SecretVersions = {
    describeSecret: async (): Promise<SecretDescription> => {
      const shown = Object.entries(this.read()).filter(([, { stages }]) => stages.length > 0);
      return {
        arn: SecretsModel.ID,
        name: 'autopack/dev/model',
        stages: Object.fromEntries(shown.map(([id, { stages }]) => [id, [...stages]])),
        rotationEnabled: this.rotationEnabled,
        rotationLambdaArn: null,
        lastChangedAt: this.changedAt,
        lastRotatedAt: null,
        deleted: false,
      };
    },
    readVersion: async (_secretId, { stage, versionId }) => {
      const shown = this.read();
      const id = versionId ?? Object.keys(shown).find((each) => shown[each]?.stages.includes(stage));
      const version = shown[id ?? ''];
      if (id === undefined || version?.value === undefined || !version.stages.includes(stage))
        return undefined;
      return { versionId: id, value: version.value };
    },
    putVersion: async (_secretId, { token, value, stage }) => {
      const known = this.now[token];
      if (known?.value !== undefined) return known.value === value ? 'stored' : 'exists';
      this.write(this.hung({ ...this.now, [token]: { value, stages: known?.stages ?? [] } }, stage, token));
      return 'stored';
    },
    moveStage: async (_secretId, { stage, from, to }) => {
      if (this.now[to] === undefined) throw new SecretsRefusal('ResourceNotFoundException');
      if (this.holder(stage) !== from) return 'refused';
      this.write(this.hung(this.now, stage, to));
      return 'moved';
    },
    removeStage: async (_secretId, { stage, from }) => {
      if (this.holder(stage) !== from) return 'refused';
      const version = this.now[from] as Version;
      this.write({
        ...this.now,
        [from]: { ...version, stages: version.stages.filter((each) => each !== (stage as Stage)) },
      });
      return 'removed';
    },
  };
}
