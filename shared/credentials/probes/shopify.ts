import * as z from 'zod';
import { endpointsOf } from '../oauth/endpoints.ts';
import { CANNOT_TELL, jsonOf, type Probe } from './probe.ts';

/** The version of the Admin API that is asked. */
const VERSION = '2026-10';
const QUERY = '{ shop { myshopifyDomain } currentAppInstallation { accessScopes { handle } } }';

const Answer = z.object({
  data: z.object({
    shop: z.object({ myshopifyDomain: z.string().min(1).max(100) }),
    currentAppInstallation: z
      .object({ accessScopes: z.array(z.object({ handle: z.string().min(1).max(200) })).max(100) })
      .nullish(),
  }),
});
const Denied = z.object({
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })),
});

/** A query of one field of the shop and the scopes of the installation; GraphQL reads by POST. */
export const shopifyProbe: Probe = {
  request: ({ account }, { accessToken = '' }) => {
    const shop = endpointsOf({ kind: 'oauth', provider: 'shopify', account }, {})?.shop ?? null;
    return shop === null
      ? undefined
      : {
          method: 'POST',
          url: `https://${shop}.myshopify.com/admin/api/${VERSION}/graphql.json`,
          headers: { 'content-type': 'application/json', 'x-shopify-access-token': accessToken },
          body: JSON.stringify({ query: QUERY }),
        };
  },
  classify: (reply) => {
    const body = jsonOf(reply);
    if (reply.status === 401) return body === undefined ? CANNOT_TELL : { kind: 'refused' };
    if (reply.status !== 200) return CANNOT_TELL;
    const data = Answer.safeParse(body).data?.data;
    if (data !== undefined)
      return {
        kind: 'works',
        account: data.shop.myshopifyDomain,
        ...(data.currentAppInstallation === null || data.currentAppInstallation === undefined
          ? {}
          : { scopes: data.currentAppInstallation.accessScopes.map(({ handle }) => handle) }),
      };
    const errors = Denied.safeParse(body).data?.errors ?? [];
    return errors.some(({ extensions }) => extensions.code === 'ACCESS_DENIED')
      ? { kind: 'limited', account: null }
      : CANNOT_TELL;
  },
};
