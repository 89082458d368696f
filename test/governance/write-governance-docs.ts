import { readFileSync, writeFileSync } from 'node:fs';
import { withGeneratedTables } from '#shared/governance/governance-table.ts';

/** Brings the generated parts of docs/governance.md up to date. */
const page = new URL('../../docs/governance.md', import.meta.url);
writeFileSync(page, withGeneratedTables(readFileSync(page, 'utf8')));
