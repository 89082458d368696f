// What bundles get for `@aws-sdk/lib-dynamodb`: its paginators, which esbuild cannot prove unused, would put Query
// and Scan into every function, and a function's permissions are checked against the commands in its bundle.
export * from '../../node_modules/@aws-sdk/lib-dynamodb/dist-es/commands/index.js';
export { DynamoDBDocumentClient } from '../../node_modules/@aws-sdk/lib-dynamodb/dist-es/DynamoDBDocumentClient.js';
