import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { REGION } from './place.ts';

const settings = (endpoint: string) => ({
  endpoint,
  region: REGION,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});

export const dynamoClient = (endpoint: string): DynamoDBClient => new DynamoDBClient(settings(endpoint));

/** The SDK clients of the product, pointed at a place. */
export const clientsOf = (endpoint: string) => ({
  db: dynamoClient(endpoint),
  sfn: new SFNClient(settings(endpoint)),
  s3: new S3Client({ ...settings(endpoint), forcePathStyle: true }),
  kms: new KMSClient(settings(endpoint)),
  secrets: new SecretsManagerClient(settings(endpoint)),
  ses: new SESv2Client(settings(endpoint)),
});
