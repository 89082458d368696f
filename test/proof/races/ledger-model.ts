import type { Action } from '#shared/actions/action.ts';
import type { LedgerChange } from '#shared/actions/ledger.ts';
import type { Model } from './linearizable.ts';

/** What decides about a row: the rest of it follows. */
export interface Face {
  readonly status: string;
  readonly version: number;
  readonly writeToken: string;
  readonly ownerToken: string | null;
  readonly requestHash: string | null;
}

export type LedgerInput =
  | { readonly kind: 'reserve'; readonly to: Face }
  | {
      readonly kind: 'apply';
      readonly status: string;
      readonly version: number;
      readonly ownerToken?: string;
      readonly requestHash?: string;
      readonly to: Face;
    }
  | { readonly kind: 'read' };

/** Whether a write was told that it won, and the row that came with the answer. */
export interface LedgerOutput {
  readonly won: boolean;
  readonly row: Face | null;
}

export const faceOf = (row: Action): Face => ({
  status: row.status,
  version: row.version,
  writeToken: row.writeToken,
  ownerToken: row.ownerToken ?? null,
  requestHash: row.requestHash ?? null,
});

export const inputOf = ({ from, to, ownerToken, requestHash }: LedgerChange): LedgerInput => ({
  kind: 'apply',
  status: from.status,
  version: from.version,
  to: faceOf(to),
  ...(ownerToken === undefined ? {} : { ownerToken }),
  ...(requestHash === undefined ? {} : { requestHash }),
});

const meets = (row: Face, input: Extract<LedgerInput, { kind: 'apply' }>): boolean =>
  row.status === input.status &&
  row.version === input.version &&
  (input.ownerToken === undefined || row.ownerToken === input.ownerToken) &&
  (input.requestHash === undefined || row.requestHash === input.requestHash);

/** One row of the ledger, written by one writer after the other. Own writes are known by their token. */
export const ledgerModel: Model<Face | null, LedgerInput, LedgerOutput> = {
  initial: null,
  step: (row, input) => {
    if (input.kind === 'read') return { state: row, output: { won: false, row } };
    const open = input.kind === 'reserve' ? row === null : row !== null && meets(row, input);
    if (open) return { state: input.to, output: { won: true, row: input.to } };
    return { state: row, output: { won: row !== null && row.writeToken === input.to.writeToken, row } };
  },
  readsOnly: (input, output) => input.kind === 'read' || !output.won,
  text: (value) => {
    if (value === null) return '-';
    const [mark, row] = 'won' in value ? [value.won ? 'won ' : 'told ', value.row] : ['', value];
    return row === null
      ? `${mark}-`
      : `${mark}${[row.status, row.version, row.writeToken, row.ownerToken, row.requestHash].join(' ')}`;
  },
};
