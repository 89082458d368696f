/**
 * List prices in US dollars, us-east-1, on demand, without free tiers, as known in November 2026; not fetched. Each is
 * at aws.amazon.com/<service>/pricing. They change: the count is what is measured.
 */
export const PRICES = {
  source: 'aws.amazon.com/<service>/pricing, us-east-1, as known in November 2026, not fetched',
  /** Step Functions Standard, each state transition. */
  stateTransition: 0.025 / 1_000,
  /** Lambda on arm64, each request and each GB-second. */
  lambdaRequest: 0.2 / 1_000_000,
  lambdaGbSecond: 0.000_013_333_4,
  /** DynamoDB on demand: each request unit. */
  writeUnit: 0.625 / 1_000_000,
  readUnit: 0.125 / 1_000_000,
  /** SES, each mail to one recipient. */
  mail: 0.1 / 1_000,
  /** HTTP API, each request. */
  apiRequest: 1 / 1_000_000,
  s3Put: 0.005 / 1_000,
  s3Get: 0.0004 / 1_000,
  kmsRequest: 0.03 / 10_000,
  secretsRequest: 0.05 / 10_000,
  /** X-Ray, each trace that is recorded. */
  trace: 5 / 1_000_000,
  /** CloudWatch Logs, each GB taken in. */
  logGb: 0.5,
} as const;

/**
 * What cannot be counted here is taken at its upper bound. A write beside those whose units are measured (sessions): an
 * item of at most 3 KB and three indexes.
 */
export const ASSUMED = {
  /** A counter is an item of less than 1 KB in a table without indexes. */
  writeUnitsPerCounter: 1,
  writeUnitsPerWrite: 6,
  /** A strongly consistent read of up to 8 KB. */
  readUnitsPerRead: 2,
  memoryGb: 0.5,
  /** 512 MB have about a third of a processor; taken as if all the time were computing. */
  slowerThanHere: 4,
  /** START, END, REPORT and one line of our own. */
  logBytesPerInvocation: 1_000,
} as const;
