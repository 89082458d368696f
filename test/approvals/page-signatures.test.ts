import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '#shared/actions/canonical-json.ts';
import { formNonce, NONCE_SECONDS, nonceCookieName } from '#shared/approvals/decision-nonce.ts';
import { dropKey, newKeyring, rotateKeyring } from '#shared/credentials/keyring.ts';
import { KEYRING_TIMING, openKeyring } from '#shared/credentials/rotation/keyring-document.ts';
import { changeNonceFits } from '#shared/policies/change-nonce.ts';
import { cookiesOf, FORM, formsOf, press } from './browse.ts';
import { approval, OLIVIA } from './fixtures.ts';
import { type World, world } from './world.ts';

const PATH = `/a/${approval().approvalId}`;
const MINUTE = 60_000;

/** A decision page as somebody sees it who is signed in. */
const page = async (at: World) => {
  const session = at.signIn(OLIVIA);
  const answer = await at.http(PATH, { cookies: session });
  const form = formsOf(answer.body).find(({ buttons }) => buttons.some(({ text }) => text === 'Approve'));
  return { answer, form, session, cookies: { ...session, ...cookiesOf(answer) } };
};
/** A request of the low tier, where a sign-in holds for longer than a page does. */
const asked = async (): Promise<World> => {
  const at = world();
  await at.ask();
  const from = await at.store.readApproval(approval().approvalId);
  if (from === undefined) throw new Error('nothing was asked for');
  await at.store.applyApprovalChange({ from, to: { ...from, tier: 'low', writeToken: 'low' } });
  return at;
};
const opened = async () => {
  const at = await asked();
  return { at, ...(await page(at)) };
};
/** Time goes by while somebody uses the console. */
const pass = async (at: World, cookies: Readonly<Record<string, string>>, ms: number): Promise<void> => {
  const half = Math.floor(ms / 2);
  at.state.now += half;
  await at.http('/inbox', { cookies });
  at.state.now += ms - half;
};
type Opened = Awaited<ReturnType<typeof opened>>;
const send = ({ at, form, cookies }: Opened, fields = {}) => {
  if (form === undefined) throw new Error('the page has no form');
  return at.http(PATH, { method: 'POST', body: press(form, 'Reject', fields), type: FORM, cookies });
};

let serial = 0;
const rotate = (at: World): void => {
  const bytes = createHash('sha256')
    .update(`made up ${(serial += 1)}`)
    .digest();
  const id = `key-${String(serial).padStart(8, '0')}`;
  const result = rotateKeyring(openKeyring(at.state.keyring), { id, bytes }, at.state.now, KEYRING_TIMING);
  if (result.kind === 'rotated') at.state.keyring = JSON.stringify(result.ring);
};

describe('a decision form is signed by us', () => {
  it('and decides within the hour', async () => {
    const it = await opened();
    await pass(it.at, it.cookies, NONCE_SECONDS * 1000 - MINUTE);
    expect((await send(it)).statusCode).toBe(303);
  });

  it('and after the hour it is over, even where the browser kept the cookie', async () => {
    const it = await opened();
    await pass(it.at, it.cookies, NONCE_SECONDS * 1000 + 1);
    const late = await send(it);
    expect([late.statusCode, late.body.includes('NONCE_INVALID')]).toEqual([403, true]);
    expect(await it.at.store.readApproval(approval().approvalId)).toMatchObject({ status: 'WAITING' });
  });

  it('so that who holds session and cookie, but never saw the page, cannot make one', async () => {
    const it = await opened();
    const nonce = 'n'.repeat(43);
    const { csrf = '', requestHash = '' } = it.form?.fields ?? {};
    const shown = { approvalId: approval().approvalId, requestHash, version: approval().version, csrf };
    const cookies = { ...it.cookies, [nonceCookieName(approval().approvalId)]: nonce };
    const text = canonicalJson({ domain: 'autopack.decision-form', v: 1, ...shown });
    const theirs = newKeyring({ id: 'first-key', bytes: new Uint8Array(32) }, 0);
    for (const made of [
      createHmac('sha256', nonce).update(text).digest('base64url'),
      formNonce(theirs, nonce, shown, it.at.state.now),
    ])
      expect((await send({ ...it, cookies }, { nonce: made })).statusCode).toBe(403);
  });

  it('a dropped key voids the pages that it signed at once where it is read anew, and a fresh page works', async () => {
    const it = await opened();
    rotate(it.at);
    it.at.state.keyring = JSON.stringify(
      dropKey(openKeyring(it.at.state.keyring), 'first-key', it.at.state.now),
    );
    it.at.state.now += KEYRING_TIMING.cacheMs;
    expect((await send(it)).statusCode).toBe(403);
    const again = { at: it.at, ...(await page(it.at)) };
    expect((await send(again)).statusCode).toBe(303);
  });

  it('a key that is not known is looked for once more, so that nobody has to wait for a cache', async () => {
    const { at, ...rest } = await opened();
    // Another instance signs with a ring that this one has not read: an emergency, without the usual wait.
    const ring = newKeyring({ id: 'emergency', bytes: new Uint8Array(32).fill(7) }, 0);
    at.state.keyring = JSON.stringify(ring);
    const { csrf = '', requestHash = '' } = rest.form?.fields ?? {};
    const { approvalId, version } = approval();
    const nonce = rest.cookies[nonceCookieName(approvalId)] ?? '';
    const signed = formNonce(ring, nonce, { approvalId, requestHash, version, csrf }, at.state.now);
    const reads = at.state.keyringReads;
    expect((await send({ at, ...rest }, { nonce: signed })).statusCode).toBe(303);
    expect(at.state.keyringReads).toBe(reads + 1);
  });

  it('pages share one read of the secret for a cache life', async () => {
    const { at } = await opened();
    for (let turn = 0; turn < 5; turn += 1) await page(at);
    expect(at.state.keyringReads).toBe(1);
    at.state.now += KEYRING_TIMING.cacheMs;
    await page(at);
    expect(at.state.keyringReads).toBe(2);
  });

  it('a ring that cannot be read shows no form, decides nothing, and is asked again', async () => {
    const at = await asked();
    at.state.keyringFails = true;
    const { answer } = await page(at);
    expect(answer.statusCode).toBeGreaterThanOrEqual(500);
    expect(answer.body).not.toContain('throttled');
    at.state.keyringFails = false;
    expect((await page(at)).form).toBeDefined();
  });

  it('never fits an acknowledgement of a policy change', async () => {
    const { at } = await opened();
    const shown = { changeId: 'c'.repeat(32), fromSemantic: null, toCanonical: 'd'.repeat(64), csrf: 'x' };
    const nonce = 'n'.repeat(43);
    const { approvalId, requestHash, version } = approval();
    const other = formNonce(
      openKeyring(at.state.keyring),
      nonce,
      { approvalId, requestHash, version, csrf: 'x' },
      at.state.now,
    );
    const jar = { [nonceCookieName(shown.changeId)]: nonce };
    expect(await changeNonceFits(at.deps.useKeyring, jar, other, shown, at.state.now)).toBe(false);
  });
});

describe('for every schedule of rotations between page and decision', () => {
  it('a live page decides, and one past its hour does not', async () => {
    let live = 0;
    let over = 0;
    await fc.assert(
      fc.asyncProperty(
        // Minutes to the next rotation or to the press, and what is done then.
        fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom('rotate', 'read')), {
          maxLength: 6,
        }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom('rotate', 'read')), {
          maxLength: 6,
        }),
        async (before, after) => {
          const at = await asked();
          const act = async (
            [minutes, what]: [number, string],
            cookies: Readonly<Record<string, string>> = {},
          ): Promise<void> => {
            await pass(at, cookies, minutes * MINUTE);
            if (what === 'rotate') rotate(at);
            else await page(at);
          };
          for (const each of before) await act(each);
          const shown = { at, ...(await page(at)) };
          const shownAt = at.state.now;
          for (const each of after) await act(each, shown.cookies);
          const isLive = at.state.now <= shownAt + NONCE_SECONDS * 1000;
          const answer = await send(shown);
          if (isLive) live += 1;
          else over += 1;
          expect([isLive, answer.statusCode]).toEqual([isLive, isLive ? 303 : 403]);
        },
      ),
      { numRuns: 150 },
    );
    console.log('COUNT page.live', live);
    console.log('COUNT page.over', over);
    expect([live > 50, over > 5]).toEqual([true, true]);
  });
});
