import fc from 'fast-check';
import { SEED } from './seed.ts';

// Runs before every test file: a property that names no seed of its own takes that of the run, never the clock's.
fc.configureGlobal({ seed: SEED });
