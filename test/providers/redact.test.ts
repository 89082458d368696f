import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '#shared/providers/redact.ts';

// Put together here, so that no scanner takes a made-up value in this file for a real one.
const PLANTED = {
  jwt: ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJtZSJ9', 'c2lnbmF0dXJlLXBsYW50ZWQ'].join('.'),
  aws: ['AKIA', 'PLANTEDPLANTED42'].join(''),
  hex: '0123456789abcdef0123456789abcdef',
  base64: 'cGxhbnRlZC1zZWNyZXQtdmFsdWUtMTIzNDU2Nzg5MA==',
  short: 'hunter2',
  mail: 'olivia.operator@example.test',
  prefixed: ['sk', 'live', 'Planted0123456789abcd'].join('_'),
  webhook: `https://${'user:hunter2'}@hooks.example.test/x`,
};

describe('planted secrets never come through (EXT-07)', () => {
  test.each([
    ['a JWT', `token was ${PLANTED.jwt}`, PLANTED.jwt],
    ['a JWT cut off in the middle', `got ${PLANTED.jwt.slice(0, 30)}`, PLANTED.jwt.slice(0, 30)],
    ['a bearer header', `Authorization: Bearer ${PLANTED.short}x`, `${PLANTED.short}x`],
    ['a basic header', 'used Basic dXNlcjpodW50ZXIy', 'dXNlcjpodW50ZXIy'],
    ['an AWS key id', `key ${PLANTED.aws} unknown`, PLANTED.aws],
    ['hex', `digest ${PLANTED.hex}`, PLANTED.hex],
    ['base64', `value ${PLANTED.base64}.`, PLANTED.base64],
    ['a key with a prefix', `invalid key ${PLANTED.prefixed}`, PLANTED.prefixed],
    ['a short password behind its name', `password=${PLANTED.short}; next`, PLANTED.short],
    ['JSON', `{"client_secret": "${PLANTED.short}"}`, PLANTED.short],
    ['JSON with an access token', `{"access_token":"${PLANTED.short}"}`, PLANTED.short],
    ['a query', `GET /cb?api_key=${PLANTED.short}&x=1`, PLANTED.short],
    ['a cookie', `set-cookie: session=${PLANTED.short}; path=/`, PLANTED.short],
    ['user info of a URL', `posted to ${PLANTED.webhook}`, PLANTED.short],
    ['a mail address', `owner ${PLANTED.mail} not found`, PLANTED.mail],
    ['a private key', `-----BEGIN PRIVATE KEY-----\nMIIplanted\n-----END PRIVATE KEY-----`, 'MIIplanted'],
    ['a private key cut off', `-----BEGIN PRIVATE KEY-----\nMIIplanted`, 'MIIplanted'],
    ['behind a zero-width space', `secret:\u200b${PLANTED.short}`, PLANTED.short],
  ])('%s', (_name, text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('[masked]');
  });

  test.each([
    'insufficient buying power',
    'client_order_id must be unique',
    'order 61e69015-8549-4bfd-b9c3-01e75843f47d is already filled',
    'Alpaca has order ap-0123456789abcdef0123456789abcdef01234567, status new.',
    'limit price must be <= 2 decimals: 150.255',
    'The API answered 422: name is required',
  ])('leaves alone: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('a token is masked wherever it stands, even where the text is cut', () => {
    const token = fc.stringMatching(/^[A-Za-z0-9]{20,80}$/).filter((text) => /\d/.test(text));
    fc.assert(
      fc.property(
        token,
        fc.lorem({ maxCount: 12 }),
        fc.lorem({ maxCount: 12 }),
        fc.integer({ min: 20, max: 240 }),
        (secret, before, after, max) => {
          const safe = redact(`${before} ${secret} ${after}`, max);
          expect(safe).not.toContain(secret.slice(0, 12));
          expect(safe.length).toBeLessThanOrEqual(max);
        },
      ),
    );
  });

  test('control characters and line ends never reach a log or a page', () => {
    expect(redact('a\r\nb\u001b[31mc\u2028d\u202ee')).toBe('a b [31mc d e');
  });
});
