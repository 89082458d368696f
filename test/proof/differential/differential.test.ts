import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { recordFigures } from '../figures.ts';
import { CONTENDERS, type Result, runScenario } from './run.ts';
import { SCENARIOS } from './scenarios.ts';
import { openStore, type Store } from './store.ts';

describe('the same faults through Powertools and through the ledger (V10)', () => {
  let store: Store;
  const rows: { name: string; results: Record<string, Result> }[] = [];
  beforeAll(async () => {
    store = await openStore();
    // Only the date: both read it, and the engine and the SDK keep their own timers.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 21, 12) });
    // The peer says on every call without a context that it has none.
    vi.spyOn(console, 'warn').mockReturnValue();
    const clock = { now: () => Date.now(), set: (epochMs: number) => vi.setSystemTime(epochMs) };
    for (const scenario of SCENARIOS) {
      const results: Record<string, Result> = {};
      for (const name of Object.keys(CONTENDERS))
        results[name] = await runScenario(scenario, name, { store, clock });
      rows.push({ name: scenario.name, results });
    }
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    vi.useRealTimers();
    await store?.stop();
  });
  const of = (contender: string): (Result & { name: string })[] =>
    rows.map(({ name, results }) => ({ name, ...(results[contender] as Result) }));
  const get = (name: string, contender: string): Result =>
    of(contender).find((row) => row.name === name) as Result;

  it.each(['ledgerLookup', 'ledgerNone'])('%s never lets the provider act twice (EXS-13)', (contender) => {
    expect(of(contender)).toHaveLength(SCENARIOS.length);
    expect(of(contender).filter(({ effects }) => effects > 1)).toEqual([]);
  });

  it.each(['ledgerLookup', 'ledgerNone'])(
    '%s never ends with a word that the provider contradicts',
    (contender) => {
      for (const { name, effects, record } of of(contender)) {
        if (record === 'SUCCEEDED') expect(effects, name).toBe(1);
        else if (record === 'FAILED') expect(effects, name).toBe(0);
        else expect(['OUTCOME_UNKNOWN', 'EXECUTING'], name).toContain(record);
      }
    },
  );

  it('the ledger ends every row with an answer where it may ask, once time has passed', () => {
    const open = of('ledgerLookup').filter(({ record }) => !['SUCCEEDED', 'FAILED'].includes(record));
    // These two scripts end one second after the fault.
    expect(open.map(({ name }) => name)).toEqual([
      'Completion write fails; again inside the deadline',
      'Crash after acting; again inside the deadline',
    ]);
  });

  it('the peer acts twice in the rows where its reference says so, and in no other', () => {
    const twice = (contender: string): string[] =>
      of(contender)
        .filter(({ effects }) => effects > 1)
        .map(({ name }) => name);
    const always = ['Provider acts and times out; again at once'];
    const afterDeadline = [
      'Completion write fails; again after the deadline',
      'Result with a nested undefined; again after the deadline',
      'Crash after acting; again after the deadline',
      'Caller is ended while the request is on its way; again; it lands',
      'Owner out of time finishes late, after a second one finished',
    ];
    const failsLate = 'Owner out of time fails late, after a second one finished';
    expect(twice('peerBest')).toEqual([...always, ...afterDeadline, failsLate]);
    expect(twice('peerDefault')).toEqual([
      'The same again two hours later',
      ...always,
      ...afterDeadline,
      failsLate,
    ]);
    expect(twice('peerNeverUnlocks')).toEqual([...always, failsLate]);
    expect(get(failsLate, 'peerBest').effects).toBe(3);
  });

  it('the peer needs fewer requests where nothing goes wrong', () => {
    expect(get('All goes well', 'peerBest').requests).toBe(2);
    expect(get('All goes well', 'ledgerLookup').requests).toBe(6);
  });

  it('the figures are those of the page', () => {
    recordFigures('differential', {
      peer: `@aws-lambda-powertools/idempotency ${manifest.devDependencies['@aws-lambda-powertools/idempotency']}`,
      sdk: manifest.dependencies['@aws-sdk/client-dynamodb'],
      engine: `dynoxide ${manifest.optionalDependencies['@dynoxide/linux-x64']}`,
      rows,
    });
  });
});
