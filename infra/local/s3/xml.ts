import { randomUUID } from 'node:crypto';
import type { AwsReply } from '../service.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML 1.0: markup is escaped, characters that XML cannot hold become U+FFFD. */
export const xmlText = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex -- control characters are exactly what has to go
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"]/g, (found) => ENTITIES[found] ?? found);

/** `<name>text</name>`; nothing where the text is undefined. */
export const element = (name: string, text: string | number | boolean | undefined): string =>
  text === undefined ? '' : `<${name}>${xmlText(String(text))}</${name}>`;

export const xmlReply = (root: string, inner: string): AwsReply => ({
  status: 200,
  headers: { 'content-type': 'application/xml', 'x-amz-request-id': randomUUID() },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</${root}>`,
});

/** A refusal as S3 words it. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const s3ErrorReply = (error: S3Error, resource: string): AwsReply => {
  const requestId = randomUUID();
  return {
    status: error.status,
    headers: { ...error.headers, 'content-type': 'application/xml', 'x-amz-request-id': requestId },
    body:
      error.status === 304
        ? ''
        : `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${element('Code', error.code)}${element('Message', error.message)}${element('Resource', resource)}${element('RequestId', requestId)}</Error>`,
  };
};
