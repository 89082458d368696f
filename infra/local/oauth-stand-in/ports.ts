import type { Host, LocalSite } from '../service.ts';
import type { StandInProvider } from './rules.ts';
import type { Fault, LoggedCall } from './state.ts';

/** An app that is registered with a provider. */
export interface StandInClient {
  readonly provider: StandInProvider;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Compared exactly. */
  readonly redirectUris: readonly string[];
}

/** What the provider knows about one consent, without a value. */
export interface GrantView {
  readonly id: string;
  readonly provider: StandInProvider;
  readonly clientId: string;
  readonly account: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  /** Whether some refresh token of it works at this moment. */
  readonly alive: boolean;
  /** When the newest refresh token dies by itself; null: no fixed end. */
  readonly refreshExpiresAt: number | null;
  /** Exchanges of a refresh token that worked. */
  readonly refreshes: number;
}

/** How a provider behaves beside its rules. */
export interface Behaviour {
  /** YouTube: the consent screen is in testing, so refresh tokens die after seven days. */
  readonly testing?: boolean;
  /** A refresh token that is used twice ends the whole consent (RFC 9700, 4.14.2). */
  readonly strictReuse?: boolean;
}

/** What tests and the control document may ask of the stand-in. */
export interface OAuthControl {
  inject(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  configure(provider: StandInProvider, behaviour: Behaviour): Promise<void>;
  /** The account's owner removes the app, as on the provider's page of connected apps. Answers how many consents ended. */
  revoke(provider: StandInProvider, account?: string): Promise<number>;
  grants(): readonly GrantView[];
  /** Calls of all endpoints, oldest first, without a value. */
  calls(): readonly LoggedCall[];
  /** Whether an access token works at this moment, and whose it is. */
  whoIs(accessToken: string): { readonly provider: StandInProvider; readonly account: string } | undefined;
  /** Whether a refresh token works at this moment. */
  refreshWorks(refreshToken: string): boolean;
  /** Things that were made with an access token. */
  playlists(): readonly { readonly id: string; readonly account: string; readonly title: string }[];
}

export interface OAuthStandIn extends LocalSite {
  readonly control: OAuthControl;
  /** Registers or replaces an app. Its consents stay. */
  ensureClient(client: StandInClient): Promise<void>;
  /** Base URL path of one provider, to which the provider's own paths are added. */
  pathOf(provider: StandInProvider): string;
  close(): Promise<void>;
}

export interface OAuthStandInOptions {
  /** Nothing reaches the disk: for simulations. */
  readonly inMemory?: boolean;
}

export type CreateOAuthStandIn = (
  host: Pick<Host, 'dataDir' | 'clock'>,
  options?: OAuthStandInOptions,
) => OAuthStandIn;
