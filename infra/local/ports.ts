import type { Host, LocalService, LocalSite } from './service.ts';

/**
 * What `deploy.ts` may ask of each local service beside its wire protocol. Every `ensure…` is idempotent: it makes
 * the resource if it is absent and never throws away data of one that is there.
 */
export interface S3Service extends LocalService {
  ensureBucket(name: string, options?: { readonly versioned?: boolean }): Promise<void>;
}
export type CreateS3 = (host: Host) => S3Service;

export interface KmsService extends LocalService {
  /** `keyArn` as `arn:aws:kms:<region>:<account>:key/<id>`; material is made once and kept. */
  ensureKey(keyArn: string, options?: { readonly description?: string }): Promise<void>;
  /** `alias` with its `alias/` prefix; `keyId` is a key id or ARN. */
  ensureAlias(alias: string, keyId: string): Promise<void>;
}
export type CreateKms = (host: Host) => KmsService;

/** As `GenerateSecretString` of AWS::SecretsManager::Secret. */
export interface GenerateSecretString {
  readonly secretStringTemplate?: string;
  readonly generateStringKey?: string;
  /** Characters; default 32. */
  readonly passwordLength?: number;
  readonly excludeCharacters?: string;
  readonly excludePunctuation?: boolean;
  readonly excludeNumbers?: boolean;
  readonly excludeLowercase?: boolean;
  readonly excludeUppercase?: boolean;
}

export interface SecretSpec {
  readonly arn: string;
  readonly name: string;
  readonly description?: string;
  /** Used for the first version only; a value that is there is never replaced. */
  readonly secretString?: string;
  readonly generate?: GenerateSecretString;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface RotationRules {
  readonly rotationLambdaArn: string;
  readonly automaticallyAfterDays?: number;
  readonly scheduleExpression?: string;
}

export interface SecretsFault {
  /**
   * `throttle` and `internalFailure` answer an error and do nothing; `lostReply` does it and breaks the connection
   * instead of answering.
   */
  readonly kind: 'throttle' | 'internalFailure' | 'lostReply';
  /** Name of the operation, as `PutSecretValue`; default: any. */
  readonly operation?: string;
  /** How many requests it hits; default 1. */
  readonly times?: number;
}

/** Faults on demand, in process only. The check by testSecret alone needs none: RotateSecret without RotateImmediately. */
export interface SecretsFaults {
  inject(fault: SecretsFault): void;
  /** From now on so many reads after each write still show what was before it; 0: none. */
  lagReads(reads: number): void;
  clear(): void;
}

export interface SecretsManagerService extends LocalService {
  readonly faults: SecretsFaults;
  ensureSecret(spec: SecretSpec): Promise<void>;
  /** What AWS::SecretsManager::RotationSchedule configures. Rotates nothing by itself. */
  ensureRotation(secretId: string, rules: RotationRules): Promise<void>;
  /**
   * Goes on with rotations that a stop interrupted and arms the schedules. Call it once functions can be invoked;
   * before that nothing rotates by itself.
   */
  start(): void;
  /** Current value, for `Fn::GetAtt` and dynamic references of the template. */
  currentValue(secretId: string): Promise<string>;
}
/** `invoke` is `host.invoke` unless a test drives the rotation function itself. */
export type CreateSecretsManager = (host: Host, invoke?: Host['invoke']) => SecretsManagerService;

export interface SesService extends LocalService {
  /** An address, or a domain that stands for all its addresses. Verified at once. */
  ensureIdentity(identity: string): Promise<void>;
}
export type CreateSes = (host: Host, outboxDir: string) => SesService;
/** Page `/_outbox` over the same folder. */
export type CreateOutboxSite = (host: Host, outboxDir: string) => LocalSite;

export interface UserPoolSpec {
  /** As `<region>_<name>`; part of the issuer URL. */
  readonly poolId: string;
  readonly name?: string;
}

export interface UserPoolClientSpec {
  readonly poolId: string;
  readonly clientId: string;
  readonly name?: string;
  /** `code` clients are people's, with PKCE; `client_credentials` are agents', with a secret. */
  readonly grant: 'code' | 'client_credentials';
  /** Given or generated once for `client_credentials`; ignored for `code`. */
  readonly clientSecret?: string;
  /**
   * Exact redirect URIs. One of a loopback address that names no port (`http://127.0.0.1/callback`) matches any
   * port (RFC 8252).
   */
  readonly callbackUrls?: readonly string[];
  readonly logoutUrls?: readonly string[];
  /** `openid`, `email`, `profile`, or `<resource server>/<scope>`. */
  readonly scopes?: readonly string[];
}

export interface UserSpec {
  readonly email: string;
  readonly name: string;
  readonly groups: readonly string[];
}

export interface IdentityService extends LocalSite {
  ensureUserPool(spec: UserPoolSpec): Promise<void>;
  ensureResourceServer(poolId: string, identifier: string, scopes: readonly string[]): Promise<void>;
  /** Answers the secret of a client-credentials client. Callback URLs and scopes are brought up to date. */
  ensureClient(
    spec: UserPoolClientSpec,
  ): Promise<{ readonly clientId: string; readonly clientSecret?: string }>;
  ensureUser(poolId: string, user: UserSpec): Promise<{ readonly sub: string }>;
  /** `<awsUrl>/_cognito/<poolId>`; known once the endpoint listens. */
  issuer(poolId: string): string;
}
export type CreateIdentity = (host: Host) => IdentityService;

export interface AlpacaKeys {
  readonly keyId: string;
  readonly secretKey: string;
}

/** What a fault does to the next matching request. Times are milliseconds of the host's clock. */
export type AlpacaFaultKind =
  | 'timeoutAfter' // takes effect, never answers
  | 'timeoutBefore' // no effect, never answers
  | 'landLate' // never answers; takes effect after `delayMs`
  | 'resetAfter' // takes effect, then the connection breaks
  | 'resetBefore' // no effect, the connection breaks
  | 'tooManyRequests' // 429 with retry-after `delayMs`
  | 'serverErrorAfter' // takes effect, answers 500
  | 'serverErrorBefore' // no effect, answers 500
  | 'lookupLag'; // takes effect and answers, but lookups miss it for `delayMs`

export interface AlpacaFault {
  readonly kind: AlpacaFaultKind;
  /** Default POST. */
  readonly method?: string;
  /** Default `/v2/orders`; compared exactly, or as a prefix where it ends with `*`. */
  readonly path?: string;
  /** How many requests it hits; default 1. */
  readonly times?: number;
  readonly delayMs?: number;
}

export interface AlpacaLoggedRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  /** 0 where nothing was answered. */
  readonly status: number;
  readonly fault?: AlpacaFaultKind | undefined;
}

export interface AlpacaOrderView {
  readonly id: string;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly status: string;
  readonly [field: string]: unknown;
}

export interface AlpacaControl {
  inject(fault: AlpacaFault): Promise<void>;
  clearFaults(): Promise<void>;
  orders(): readonly AlpacaOrderView[];
  requests(): readonly AlpacaLoggedRequest[];
  configure(settings: { readonly fillDelayMs?: number; readonly cash?: string }): Promise<void>;
}

export interface AlpacaStandIn extends LocalSite {
  readonly control: AlpacaControl;
  close(): Promise<void>;
}
export interface AlpacaOptions {
  readonly keys: readonly AlpacaKeys[];
  /** Between acceptance and fill or rejection; default 1000. */
  readonly fillDelayMs?: number;
  /** Dollars at the first start, as a decimal string; default "100000". */
  readonly cash?: string;
}
export type CreateAlpacaStandIn = (
  host: Pick<Host, 'dataDir' | 'clock' | 'log'>,
  options: AlpacaOptions,
) => AlpacaStandIn;
