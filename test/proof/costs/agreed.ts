/** What was agreed that each path and function may cost. A change here is a change of what users pay. */
export const AGREED_PATHS: Readonly<Record<string, object>> = {
  unattended: { writes: 3, refused: 0, reads: 1, tableUnits: 5, indexUnits: 5 },
  approved: { writes: 4, refused: 0, reads: 2, tableUnits: 7, indexUnits: 8 },
  'approved, in doubt, reconciled': { writes: 5, refused: 0, reads: 3, tableUnits: 9, indexUnits: 9 },
  'approved, crashed, reconciled': { writes: 5, refused: 0, reads: 4, tableUnits: 9, indexUnits: 9 },
  'approved, in doubt, not applied, tried again': {
    writes: 7,
    refused: 0,
    reads: 4,
    tableUnits: 14,
    indexUnits: 11,
  },
  replay: { writes: 0, refused: 1, reads: 0, tableUnits: 0, indexUnits: 0 },
};

/** Requests to AWS of one invocation each, along the approved path with two people to mail. */
export const AGREED_REQUESTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  propose: {
    'dynamodb:GetItem registry': 1,
    's3:PUT': 1,
    'dynamodb:PutItem actions': 1,
    'states:StartExecution': 1,
  },
  render: {
    'dynamodb:GetItem actions': 1,
    's3:GET refused': 1,
    'dynamodb:GetItem registry': 1,
    's3:GET': 1,
    's3:PUT': 1,
  },
  gates: {
    'dynamodb:GetItem actions': 1,
    's3:GET': 1,
    'dynamodb:GetItem registry': 1,
    'dynamodb:BatchGetItem credentials': 1,
  },
  'request approval': {
    'dynamodb:GetItem actions': 1,
    's3:GET': 1,
    'dynamodb:GetItem registry': 2,
    'dynamodb:BatchGetItem registry': 1,
    'dynamodb:GetItem approvals': 1,
    'dynamodb:Query registry': 1,
    'kms:Encrypt': 1,
    'dynamodb:PutItem approvals': 5,
    'dynamodb:PutItem actions': 1,
    'ses:POST': 2,
  },
  'read one': { 'dynamodb:GetItem actions': 1, 's3:GET': 1, 'dynamodb:GetItem approvals': 1 },
  decide: {
    'dynamodb:GetItem registry': 2,
    'dynamodb:GetItem approvals': 1,
    's3:GET': 1,
    'dynamodb:PutItem approvals': 2,
    'kms:Decrypt': 1,
    'states:SendTaskSuccess': 1,
  },
  execute: {
    'dynamodb:GetItem actions': 1,
    'dynamodb:BatchGetItem approvals+registry': 1,
    's3:GET': 1,
    // One before the claim, for the gate. The other two come after the dispatch, at most once an hour: that it was used.
    'dynamodb:BatchGetItem credentials': 2,
    'dynamodb:PutItem credentials': 1,
    'secretsmanager:GetSecretValue': 1,
    'dynamodb:PutItem actions': 2,
  },
  'propose again': {
    'dynamodb:GetItem registry': 1,
    's3:PUT refused': 1,
    'dynamodb:PutItem actions refused': 1,
  },
};

/** Write units of the same invocations: tables and indexes, as the engine reports them. */
export const AGREED_UNITS: Readonly<Record<string, { readonly table: number; readonly indexes: number }>> = {
  propose: { table: 1, indexes: 2 },
  render: { table: 0, indexes: 0 },
  gates: { table: 0, indexes: 0 },
  'request approval': { table: 9, indexes: 4 },
  'read one': { table: 0, indexes: 0 },
  decide: { table: 4, indexes: 3 },
  execute: { table: 5, indexes: 4 },
  'propose again': { table: 0, indexes: 0 },
};
