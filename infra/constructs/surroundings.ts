import { CfnParameter } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { StageRecord } from '../stages.ts';
import type { HouseSecrets } from './house-secrets.ts';
import type { Tables } from './tables.ts';

/** What the functions of every capability are placed among. */
export interface Surroundings {
  readonly record: StageRecord;
  readonly tables: Tables;
  readonly artifacts: Bucket;
  readonly tokenKey: IKey;
  /** Gets what asynchronous invocations failed on. */
  readonly deadLetters: IQueue;
  /** Base URL of the HTTP API. */
  readonly publicUrl: string;
  readonly overrides: ProviderOverrides;
  /** The secrets of the stack itself. */
  readonly house: HouseSecrets;
}

/** Environment of development stages; empty in others, so that the variables do not even exist there. */
export interface ProviderOverrides {
  readonly url: { readonly AUTOPACK_PROVIDER_URL_ALPACA?: string };
  readonly oauth: {
    readonly AUTOPACK_OAUTH_URL_YOUTUBE?: string;
    readonly AUTOPACK_OAUTH_URL_ETSY?: string;
    readonly AUTOPACK_OAUTH_URL_SHOPIFY?: string;
  };
  readonly loopback: { readonly AUTOPACK_ALLOW_LOOPBACK?: string };
}

/** Template parameters that re-point a provider and allow loopback addresses, where the stage has them at all. */
export const providerOverrides = (scope: Construct, record: StageRecord): ProviderOverrides => {
  if (!record.developmentSwitches) return { url: {}, oauth: {}, loopback: {} };
  const url = new CfnParameter(scope, 'ProviderUrlAlpaca', {
    default: '',
    description: 'Base URL that replaces the Alpaca hosts; empty: none',
  });
  const oauthUrl = (name: string): string =>
    new CfnParameter(scope, `OAuthUrl${name}`, {
      default: '',
      description: `Base URL that replaces the OAuth hosts of ${name}; empty: none`,
    }).valueAsString;
  const loopback = new CfnParameter(scope, 'AllowLoopback', {
    default: '',
    allowedValues: ['', '1'],
    description: '"1" lets providers be called on loopback addresses',
  });
  return {
    url: { AUTOPACK_PROVIDER_URL_ALPACA: url.valueAsString },
    oauth: {
      AUTOPACK_OAUTH_URL_YOUTUBE: oauthUrl('YouTube'),
      AUTOPACK_OAUTH_URL_ETSY: oauthUrl('Etsy'),
      AUTOPACK_OAUTH_URL_SHOPIFY: oauthUrl('Shopify'),
    },
    loopback: { AUTOPACK_ALLOW_LOOPBACK: loopback.valueAsString },
  };
};
