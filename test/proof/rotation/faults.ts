/** What becomes of one call. */
export const MODES = ['crashed before', 'crashed after', 'reply lost', 'duplicated'] as const;
export type Mode = (typeof MODES)[number];
export interface Fault {
  /** Counted from the first call of the rotation. */
  readonly call: number;
  readonly mode: Mode;
}

/** The process is gone: nothing that the step would have done afterwards happens. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Counts every call that a step makes, disturbs one of them, and looks at the world after each. */
export class Disturbance {
  readonly calls: string[] = [];
  private dead = false;
  private readonly fault: Fault | undefined;
  private readonly look: () => void;
  constructor(fault: Fault | undefined, look: () => void) {
    this.fault = fault;
    this.look = look;
  }

  /** A new process takes over. */
  restart(): void {
    this.dead = false;
  }

  /** A port whose calls are counted and disturbed. */
  wrap<Arguments extends readonly unknown[], Answer>(
    name: string,
    port: (...given: Arguments) => Promise<Answer>,
  ): (...given: Arguments) => Promise<Answer> {
    return async (...given) => {
      if (this.dead) throw new Crash('a call of a process that is gone');
      const mode = this.fault?.call === this.calls.length ? this.fault.mode : undefined;
      this.calls.push(name);
      if (mode === 'crashed before') return this.die();
      let answer = await port(...given);
      this.look();
      if (mode === 'crashed after') return this.die();
      if (mode === 'reply lost') throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });
      if (mode === 'duplicated') answer = await port(...given);
      this.look();
      return answer;
    };
  }

  private die(): never {
    this.dead = true;
    throw new Crash('the process is gone');
  }
}
