import { describe, expect, it } from 'vitest';
import { STAGED } from '#shared/credentials/rotation/versions.ts';
import { recordFigures } from '../figures.ts';
import { MODES } from './faults.ts';
import { KINDS, type KindUnderTest } from './kinds.ts';
import { SERVICES, TOKEN, type Walk, walk } from './walk.ts';

/** Reads after a write that still show what was before; the last is as many as a step waits for. */
const LAGS = [0, 1, 3] as const;

const wrongWith = (run: Walk, tested: Awaited<ReturnType<NonNullable<(typeof KINDS)[string]>>>): string[] => [
  ...run.problems,
  ...(tested.atProvider?.().problems ?? []),
  ...(run.done ? [] : [`not rotated: ${run.codes.join(', ')}`]),
  ...(tested.secrets.holders('AWSCURRENT').join() === TOKEN ? [] : ['the new version is not current']),
  ...(tested.secrets.holders('AWSPREVIOUS').length === 1 ? [] : ['the version before is not AWSPREVIOUS']),
  ...(tested.secrets.holders(STAGED).length === 0 ? [] : ['what was promoted still waits']),
  ...(run.conditions.length === tested.grants.length ? [] : ['not counted for every credential']),
  ...(run.conditions.every(({ rotationCount }) => rotationCount === 1) ? [] : ['not counted once']),
];

describe('every call of every step of a rotation is disturbed, then Secrets Manager tries again', () => {
  it('CRE-18: one version is current, it works, the old one worked until then, and it is counted once', async () => {
    const problems: string[] = [];
    const kinds: Record<string, unknown> = {};
    let points = 0;
    for (const [name, make] of Object.entries(KINDS)) {
      const calls = new Set<string>();
      let ofKind = 0;
      // Keys at the provider that no version of the secret holds: each is one that a person ends there.
      const orphans: number[] = [];
      const countOrphans = (tested: KindUnderTest): void => {
        const left = tested.atProvider?.();
        if (left !== undefined) orphans.push(left.made - 1);
      };
      for (const lag of LAGS)
        for (const service of SERVICES) {
          const undisturbed = await make(lag);
          const clean = await walk(undisturbed, service);
          expect(wrongWith(clean, undisturbed), `${name}, lag ${lag}, ${service}`).toEqual([]);
          // Undisturbed, no step fails: reads that lag are waited for.
          expect(clean.codes, `${name}, lag ${lag}, ${service}`).toEqual([]);
          for (const [call, port] of clean.calls.entries())
            for (const mode of MODES) {
              calls.add(port);
              ofKind += 1;
              const tested = await make(lag);
              const run = await walk(tested, service, { call, mode });
              countOrphans(tested);
              for (const wrong of wrongWith(run, tested))
                problems.push(`${name}, lag ${lag}, ${service}, call ${call} (${port}) ${mode}: ${wrong}`);
            }
        }
      const most = Math.max(...orphans);
      const rotations = orphans.filter((count) => count > 0).length;
      kinds[name] = {
        points: ofKind,
        calls: [...calls].toSorted(),
        ...(orphans.length === 0 ? {} : { orphans: { rotations, most } }),
      };
      if (orphans.length > 0)
        console.log(`${name}: keys left over in ${rotations} of ${ofKind}, at most ${most}`);
      points += ofKind;
    }
    console.log(`kill points of rotation: ${points}`);
    expect(problems.slice(0, 20)).toEqual([]);
    recordFigures('rotation-kill-points', { points, modes: MODES, services: SERVICES, lags: LAGS, kinds });
  });
});
