import { expect, it } from 'vitest';
import { dispatch } from './explorations.ts';
import { explore } from './explore.ts';
import { approving } from './path.ts';

// The small explorations, in seconds: what the mutation run (test/proof/mutants) uses to notice a lost rule.
it.each([
  ['dispatch', dispatch('lookup', { workers: 2, attempts: 1, losesReplies: true })],
  ['approval', approving(2)],
])('nothing happens twice and no end is false: %s', async (_name, exploration) => {
  expect((await explore(exploration)).story).toBeUndefined();
});
