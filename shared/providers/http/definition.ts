import * as z from 'zod';
import { canonicalJson, sha256 } from '../../actions/canonical-json.ts';
import type { RecoveryClass } from '../../actions/effects.ts';
import {
  EndpointDefinition,
  type EndpointDefinition as Definition,
} from '../../governance/project-config.ts';
import { DEFAULT_SIGNATURE_HEADER } from '../auth-headers.ts';
import { hostIsListed } from '../guard-url.ts';

const VERSION = '1';

/** `1+def.<name>.<12 hex of its hash>`: a definition that changed is another adapter version, so another requestHash. */
export const versionWith = (definition: Definition | null): string =>
  definition === null
    ? `${VERSION}+def.none`
    : `${VERSION}+def.${definition.name}.${sha256(canonicalJson(definition)).slice(0, 12)}`;

export const HTTP_ADAPTER_VERSION = VERSION;

const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

const covers = (
  definition: Definition,
  method: string,
  url: URL,
  fold: (text: string) => string,
): boolean => {
  if (!definition.methods.some((listed) => listed === method) || !hostIsListed(url, [definition.host]))
    return false;
  const path = segmentsOf(fold(url.pathname));
  return segmentsOf(fold(definition.pathPrefix)).every((segment, index) => path[index] === segment);
};

const longest = (definitions: readonly Definition[]): Definition | undefined =>
  definitions.toSorted((a, b) => segmentsOf(b.pathPrefix).length - segmentsOf(a.pathPrefix).length)[0];

/**
 * The definition that covers a request: same host, a listed method, a path prefix of whole segments; the longest
 * wins. Servers that ignore case exist, so a path that would meet another definition in another case has none.
 */
export const findDefinition = (
  definitions: readonly Definition[],
  method: string,
  url: URL,
): Definition | null => {
  const exact = longest(definitions.filter((definition) => covers(definition, method, url, (text) => text)));
  const folded = longest(
    definitions.filter((definition) => covers(definition, method, url, (text) => text.toLowerCase())),
  );
  const ties = definitions.filter(
    (other) =>
      other !== exact &&
      exact !== undefined &&
      covers(other, method, url, (text) => text) &&
      segmentsOf(other.pathPrefix).length === segmentsOf(exact.pathPrefix).length,
  );
  return exact === undefined || folded !== exact || ties.length > 0 ? null : exact;
};

/** The lookup of a definition, where it has one that can tell our thing from any other. */
export const lookupOf = (definition: Definition | null): string | undefined =>
  definition?.lookupPath?.includes('{key}') === true ? definition.lookupPath : undefined;

/** The recovery class that a definition can really keep: without its means it is `none`. */
export const recoveryClassOf = (definition: Definition | null): RecoveryClass => {
  switch (definition?.recoveryClass) {
    case 'keyed':
      return definition.idempotencyHeader === undefined ? 'none' : 'keyed';
    case 'lookup':
      return lookupOf(definition) === undefined ? 'none' : 'lookup';
    case 'upsert':
      return 'upsert';
    default:
      return 'none';
  }
};

export const signatureHeaderOf = (definition: Definition): string =>
  definition.auth?.header ?? DEFAULT_SIGNATURE_HEADER;

/** What the dry run keeps about the definition, so that dispatch and lookup use the one that was approved. */
export const HttpFacts = z.object({ definition: EndpointDefinition.nullable() });
