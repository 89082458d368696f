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
