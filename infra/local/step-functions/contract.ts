import type { LocalService } from '../service.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** The `detail` of an EventBridge event "Step Functions Execution Status Change". Dates are epoch milliseconds. */
export interface StatusChange {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly startDate: number;
  readonly stopDate: number | null;
  readonly input: string | null;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
}

/**
 * Hears every start and every end. An end is heard at least once: after a crash between it and its announcement it
 * is announced again. A rejected promise is logged and stops nothing.
 */
export type StatusListener = (change: StatusChange, at: number) => Promise<void> | void;

export interface MachineOptions {
  readonly roleArn?: string;
  /** `${Token}` → value, as CloudFormation's DefinitionSubstitutions. */
  readonly substitutions?: Readonly<Record<string, string>>;
}

export interface StartRequest {
  readonly stateMachineArn: string;
  /** Default: a random UUID. */
  readonly name?: string;
  /** JSON text. Default: `{}`. */
  readonly input?: string;
}

export interface StepFunctions extends LocalService {
  /** Creates the machine or gives it a new definition; running executions keep theirs. Throws on invalid ASL. */
  ensureStateMachine(arn: string, name: string, definition: string, options?: MachineOptions): Promise<void>;
  /**
   * Picks up every running execution. Call it once, after the functions can be invoked and the machines exist.
   * Before that calls are answered, but nothing that was running moves.
   */
  resume(): Promise<{ readonly resumed: number }>;
  startExecution(
    request: StartRequest,
  ): Promise<{ readonly executionArn: string; readonly startDate: number }>;
  /** Answers the function that stops listening. */
  onStatusChange(listener: StatusListener): () => void;
  /** Stops the timers and waits for the writes. Running executions stay RUNNING for the next start. */
  close(): Promise<void>;
}
