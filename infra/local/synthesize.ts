/**
 * Synthesizes the development stage into the folder that is given, without the CDK CLI. Runs as a process of its own
 * (see `assembly-cache.ts`): the host can show progress meanwhile, and gets back the memory that the CDK takes.
 */
import { composeApp } from '../compose.ts';

const outdir = process.argv[2];
if (outdir === undefined) throw new Error('Say which folder to synthesize into');
// The rules are what `npm run synth` and the tests hold the stack against; here they would only cost seconds.
composeApp({ stage: 'dev', outdir, rules: false }).synth();
