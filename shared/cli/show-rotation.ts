import type { RingView } from '../credentials/rotation/drop-key.ts';
import type { RotationView } from '../credentials/rotation/requests.ts';
import { facts, table } from './terminal-text.ts';

const DONE: Readonly<Record<NonNullable<RotationView['done']>, string>> = {
  staged: 'the new value waits beside the current one',
  started: 'a rotation was started',
  'tried-again': 'the rotation that is not complete was started again',
  freed: 'the rotation was stopped',
};

/** How a secret stands: labels by version, never a value. */
export const showRotation = (view: RotationView): string => {
  const versions = Object.entries(view.stages).map(([version, labels]) => [version, labels.join(' ')]);
  return [
    facts([
      ['Secret', view.secret],
      ['Done', view.done === null ? 'nothing was changed' : DONE[view.done]],
      ['Version', view.version],
      ['Rotation', view.rotationEnabled ? 'on' : 'off'],
      ['Pending', view.pendingSeconds === null ? null : `for at most ${view.pendingSeconds} s`],
    ]),
    versions.length === 0 ? '' : `\n${table(['VERSION', 'LABELS'], versions)}`,
    `\n${facts([['Next', view.next]])}`,
  ].join('');
};

const DROPPED: Readonly<Record<NonNullable<RingView['done']>, string>> = {
  waits: 'waits for a second operator',
  dropped: 'the key was dropped',
};

/** The keys of a ring: ids and times, never a key. */
export const showRing = (view: RingView): string =>
  [
    facts([
      ['Secret', view.secret],
      ['Done', view.done === null ? 'nothing was changed' : DROPPED[view.done]],
      ['Key', view.key],
      ['Asked by', view.askedBy],
      ['Counts until', view.askedUntil],
    ]),
    `\n${table(
      ['KEY', 'SIGNS FROM', 'VERIFIES UNTIL', ''],
      view.keys.map((key) => [
        key.id,
        key.notBefore,
        key.notAfter ?? 'open',
        key.signsNow ? 'signs now' : '',
      ]),
    )}`,
    `\n${facts([['Next', view.next]])}`,
  ].join('');
