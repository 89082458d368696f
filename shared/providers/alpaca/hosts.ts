/** The hosts that orders go to, by the environment of the account. */
export const ALPACA_HOSTS = { PAPER: 'paper-api.alpaca.markets', PRODUCTION: 'api.alpaca.markets' } as const;
