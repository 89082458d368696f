import { describe, expect, it } from 'vitest';
import type { Action, HistoryEntry } from '#shared/actions/action.ts';
import { historyFault } from '#shared/actions/history.ts';
import { STATUSES } from '#shared/actions/status.ts';
import { recordFigures } from '../figures.ts';
import { longRow } from './run-of-actions.ts';

const row = longRow('order-1');
const other = longRow('order-2');
const counted: Record<string, number> = {};
const missed: string[] = [];

const tampered = (kind: string, what: string, changed: Action): void => {
  counted[kind] = (counted[kind] ?? 0) + 1;
  if (historyFault(changed) === undefined) missed.push(`${kind}: ${what}`);
};
const withHistory = (history: HistoryEntry[]): Action => ({ ...row, history });
const replaced = (index: number, entry: HistoryEntry): Action => withHistory(row.history.with(index, entry));

/** Every way to say something else in one member. */
const otherValues = (name: keyof HistoryEntry, value: unknown): unknown[] => {
  switch (name) {
    case 'version':
      return [Number(value) - 1, Number(value) + 1, 0];
    case 'event':
      return [...STATUSES, 'RESTARTED'].filter((event) => event !== value);
    case 'at':
      return [new Date(Date.parse(String(value)) + 1).toISOString(), '2020-01-01T00:00:00.000Z'];
    case 'by':
      return ['person:olivia@example.test', `${String(value)}x`];
    case 'code':
      return ['OTHER', undefined, ''];
    default: {
      const text = String(value);
      return [...text].map(
        (_, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1),
      );
    }
  }
};

describe('the hash chain of a row finds every change (EXS-13)', () => {
  it('holds as it was written', () => {
    expect(row.history).toHaveLength(8);
    expect(historyFault(row)).toBeUndefined();
    expect(historyFault(other)).toBeUndefined();
  });

  it('of any member of any entry', () => {
    for (const [index, entry] of row.history.entries()) {
      for (const name of ['version', 'event', 'at', 'by', 'code', 'about', 'hash'] as const) {
        for (const value of otherValues(name, entry[name])) {
          if (value === entry[name]) continue;
          const { [name]: _old, ...rest } = entry;
          const changed = (value === undefined ? rest : { ...rest, [name]: value }) as HistoryEntry;
          tampered('member changed', `${index}.${name}`, replaced(index, changed));
        }
      }
    }
    expect(missed).toEqual([]);
  });

  it('that inserts, repeats, drops, swaps or turns round entries, numbered again or not', () => {
    const { history } = row;
    const renumbered = (entries: HistoryEntry[]): HistoryEntry[] =>
      entries.map((entry, index) => ({ ...entry, version: index + 1 }));
    const both = (kind: string, what: string, entries: HistoryEntry[]): void => {
      tampered(kind, what, withHistory(entries));
      tampered(kind, `${what}, numbered again`, {
        ...withHistory(renumbered(entries)),
        version: entries.length,
      });
    };
    for (let index = 0; index < history.length; index += 1) {
      both('entry dropped', `${index}`, history.toSpliced(index, 1));
      if (index > 0) tampered('tail dropped', `${index}`, withHistory(history.slice(0, index)));
      if (index > 0)
        tampered('tail dropped', `${index}, with the version`, {
          ...withHistory(history.slice(0, index)),
          version: index,
        });
      for (let place = 0; place <= history.length; place += 1) {
        both('entry inserted', `${index} at ${place}`, history.toSpliced(place, 0, history[index]!));
      }
      for (let second = index + 1; second < history.length; second += 1) {
        const swapped = history.with(index, history[second]!).with(second, history[index]!);
        both('entries swapped', `${index} and ${second}`, swapped);
      }
    }
    both('order turned round', 'all', history.toReversed());
    tampered('history emptied', 'all', withHistory([]));
    expect(missed).toEqual([]);
  });

  it('that takes an entry, a tail or the whole history from another row', () => {
    for (let index = 0; index < row.history.length; index += 1) {
      tampered('taken from another row', `entry ${index}`, replaced(index, other.history[index]!));
      const tail = [...row.history.slice(0, index), ...other.history.slice(index)];
      tampered('taken from another row', `from ${index}`, withHistory(tail));
    }
    const twin = longRow('order-1', '2026-11-21T12:00:00.001Z');
    tampered(
      'taken from another row',
      'of another time',
      withHistory([row.history[0]!, ...twin.history.slice(1)]),
    );
    tampered('moved to another row', 'key', { ...row, key: 'order-3' });
    tampered('moved to another row', 'project', { ...row, project: 'other' });
    tampered('moved to another row', 'payload', { ...row, payloadHash: 'f'.repeat(64) });
    expect(missed).toEqual([]);
  });

  it('of what the row itself says now', () => {
    for (const status of STATUSES)
      if (status !== row.status) tampered('row changed', status, { ...row, status });
    const { outcome: _outcome, ...withoutOutcome } = row;
    const { requestHash: _hash, ...withoutHash } = row;
    for (const [what, changed] of Object.entries({
      version: { ...row, version: row.version + 1 },
      outcome: { ...row, outcome: { ...row.outcome!, resourceId: 'another' } },
      'no outcome': withoutOutcome,
      requestHash: { ...row, requestHash: 'f'.repeat(64) },
      'no requestHash': withoutHash,
      approvalId: { ...row, approvalId: 'f'.repeat(32) },
      permit: { ...row, permit: 'policy@v9' },
      providerKey: { ...row, providerKey: 'ap-other' },
    }))
      tampered('row changed', what, changed);
    expect(missed).toEqual([]);
    const changes = Object.values(counted).reduce((sum, count) => sum + count, 0);
    expect(changes).toBeGreaterThan(900);
    recordFigures('chain', {
      entries: row.history.length,
      kinds: counted,
      changes,
      found: changes - missed.length,
    });
  });
});
