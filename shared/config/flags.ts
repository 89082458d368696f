import { StageName } from './env.ts';

/**
 * Every switch that opens something (GOV-12). A switch is open only in the stages that it names and only for its
 * exact word: unset, empty, misspelt, padded or unreadable is closed.
 */
export interface Flag {
  /** What becomes possible, for people. */
  readonly opens: string;
  /** The only value that opens it. `url`: any absolute http(s) address without user information. */
  readonly word: '1' | 'url';
  readonly stages: readonly StageName[];
}

export const FLAGS = {
  AUTOPACK_PUBLIC_READ: { opens: 'Anyone may read without signing in', word: '1', stages: ['dev'] },
  AUTOPACK_ALLOW_LOOPBACK: {
    opens: 'Providers may be called on loopback addresses',
    word: '1',
    stages: ['dev'],
  },
  AUTOPACK_PROVIDER_URL_ALPACA: {
    opens: 'Alpaca is called at this address instead of its own',
    word: 'url',
    stages: ['dev'],
  },
  AUTOPACK_OAUTH_URL_YOUTUBE: {
    opens: 'Accounts of YouTube are connected and renewed at this address instead of its own',
    word: 'url',
    stages: ['dev'],
  },
  AUTOPACK_OAUTH_URL_ETSY: {
    opens: 'Accounts of Etsy are connected and renewed at this address instead of its own',
    word: 'url',
    stages: ['dev'],
  },
  AUTOPACK_OAUTH_URL_SHOPIFY: {
    opens: 'Accounts of Shopify are connected and renewed at this address instead of its own',
    word: 'url',
    stages: ['dev'],
  },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof FLAGS;

/** What a function was given: the stage and the values of its switches. */
export type FlagEnv = Readonly<Record<string, string | undefined>>;

const address = (value: string): string | undefined => {
  if (value !== value.trim() || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  return url.username === '' && url.password === '' ? value : undefined;
};

/** The value of an open switch, or undefined where it is closed. `AUTOPACK_ENV` says the stage. */
export const openFlag = (name: FlagName, env: FlagEnv): string | undefined => {
  const flag: Flag = FLAGS[name];
  const stage = StageName.safeParse(env.AUTOPACK_ENV);
  const value = env[name];
  if (!stage.success || !flag.stages.includes(stage.data) || value === undefined) return undefined;
  if (flag.word === 'url') return address(value);
  return value === flag.word ? value : undefined;
};

/** True only for the exact opt-in word in a stage that has the switch. */
export const flagIsOpen = (name: FlagName, env: FlagEnv): boolean => openFlag(name, env) !== undefined;
