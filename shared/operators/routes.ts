/**
 * Every public route: the one list that the stack wires, the OpenAPI document describes, `docs/api-contract.md`
 * prints and the tests walk. `auth`: `bearer` goes through the authorizer; `page` is open at the gateway and
 * checks its own session cookie; `open` tells nothing that is not public.
 */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly auth: 'bearer' | 'page' | 'open';
  /** Entry file: `functions/<this>.handler.ts`. */
  readonly entry: string;
  readonly summary: string;
}

export const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/projects/{project}/actions',
    auth: 'bearer',
    entry: 'actions/propose-action',
    summary: 'Propose an action',
  },
  {
    method: 'GET',
    path: '/projects/{project}/actions',
    auth: 'bearer',
    entry: 'actions/read-actions',
    summary: 'List actions, newest first',
  },
  {
    method: 'GET',
    path: '/projects/{project}/actions/{key}',
    auth: 'bearer',
    entry: 'actions/read-actions',
    summary: 'What happened to one action',
  },
  {
    method: 'POST',
    path: '/projects/{project}/actions/{key}/submit',
    auth: 'bearer',
    entry: 'actions/submit-action',
    summary: 'Promote a dry run, same hashes',
  },
  {
    method: 'POST',
    path: '/projects/{project}/actions/{key}/cancel',
    auth: 'bearer',
    entry: 'actions/cancel-action',
    summary: 'Withdraw an action that has not run',
  },
  {
    method: 'POST',
    path: '/projects/{project}/actions/{key}/resolve',
    auth: 'bearer',
    entry: 'actions/resolve-action',
    summary: 'Say what became of an unknown outcome',
  },
  {
    method: 'GET',
    path: '/approvals',
    auth: 'bearer',
    entry: 'approvals/read-approvals',
    summary: 'What waits for you, and what was decided',
  },
  {
    method: 'GET',
    path: '/approvals/{id}',
    auth: 'bearer',
    entry: 'approvals/read-approvals',
    summary: 'One approval with its dry run',
  },
  {
    method: 'POST',
    path: '/approvals/{id}/decision',
    auth: 'bearer',
    entry: 'approvals/decide-approval',
    summary: 'Approve or reject exactly what was shown',
  },
  {
    method: 'GET',
    path: '/projects/{project}/config',
    auth: 'bearer',
    entry: 'governance/change-project',
    summary: 'Confirmed settings, policy and endpoints',
  },
  {
    method: 'GET',
    path: '/projects/{project}/changes',
    auth: 'bearer',
    entry: 'governance/change-project',
    summary: 'Changes proposed and confirmed',
  },
  {
    method: 'POST',
    path: '/projects/{project}/changes',
    auth: 'bearer',
    entry: 'governance/change-project',
    summary: 'Propose a change of settings, policy, endpoint or credential',
  },
  {
    method: 'POST',
    path: '/projects/{project}/changes/{id}/confirm',
    auth: 'bearer',
    entry: 'governance/change-project',
    summary: 'Confirm a change as a second operator',
  },
  {
    method: 'GET',
    path: '/health',
    auth: 'open',
    entry: 'operators/describe-api',
    summary: 'Version and stage',
  },
  {
    method: 'GET',
    path: '/openapi.json',
    auth: 'open',
    entry: 'operators/describe-api',
    summary: 'This API as OpenAPI 3.1',
  },
  { method: 'GET', path: '/', auth: 'page', entry: 'approvals/show-pages', summary: 'The inbox' },
  { method: 'GET', path: '/inbox', auth: 'page', entry: 'approvals/show-pages', summary: 'The inbox' },
  {
    method: 'GET',
    path: '/a/{locator}',
    auth: 'page',
    entry: 'approvals/show-pages',
    summary: 'Approval page of a mail link',
  },
  {
    method: 'POST',
    path: '/a/{locator}',
    auth: 'page',
    entry: 'approvals/decide-approval',
    summary: 'The decision of the page',
  },
  {
    method: 'GET',
    path: '/sign-in',
    auth: 'page',
    entry: 'operators/sign-in',
    summary: 'To the sign-in page of the identity provider',
  },
  {
    method: 'GET',
    path: '/signed-in',
    auth: 'page',
    entry: 'operators/sign-in',
    summary: 'Back from the identity provider',
  },
  { method: 'POST', path: '/sign-out', auth: 'page', entry: 'operators/sign-in', summary: 'End the session' },
];
