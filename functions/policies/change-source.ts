import { timestamp } from '#shared/actions/identity.ts';
import { operatorOf, requireFreshSignIn } from '#shared/operators/fresh-operator.ts';
import { readJson, requirePrincipal } from '#shared/operators/http-edge.ts';
import type { HttpReply, HttpRequest } from '#shared/operators/http.ts';
import { ProblemError } from '#shared/operators/problems.ts';
import type { ReadPerson } from '#shared/operators/registry.ts';
import { editSource, SourceEdit, sourceFaults } from '#shared/policies/edit-source.ts';
import { policyView } from '#shared/policies/policy-view-of.ts';
import type { ReadSource, ReadState, ReplaceSource } from '#shared/policies/ports.ts';

export interface ChangeSourceDeps {
  readonly readPerson: ReadPerson;
  readonly readSource: ReadSource;
  readonly readState: ReadState;
  readonly replaceSource: ReplaceSource;
  readonly stageIsProduction: boolean;
  readonly now: () => number;
}

const ATTEMPTS = 6;

/** @throws ProblemError with every fault of the source, the first one in its detail and field. */
const requireSound = (source: SourceEdit, production: boolean): void => {
  const faults = sourceFaults(source, production);
  const [first] = faults;
  if (first !== undefined)
    throw new ProblemError('INVALID_INPUT', `${first.field}: ${first.detail}`, {
      field: first.field,
      extra: { faults },
    });
};

/**
 * `PUT /policies/{source}`: adds, edits or retires a watched page. An edit of what is read off the page makes its
 * baseline pending at once: the gate compares the configuration of row and state. 202: a critical source, and another
 * operator has to ask for the very same.
 */
export const changeSource = async (request: HttpRequest, deps: ChangeSourceDeps): Promise<HttpReply> => {
  const person = await operatorOf(requirePrincipal(request), deps.readPerson);
  requireFreshSignIn(person, deps.now());
  const edit = readJson(request, SourceEdit);
  const id = request.params['source'] ?? '';
  if (edit.id !== id)
    throw new ProblemError('INVALID_INPUT', `id: the body is of "${edit.id}", the path of "${id}".`, {
      field: 'id',
    });
  requireSound(edit, deps.stageIsProduction);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const stored = await deps.readSource(id);
    const by = { by: person.subject, at: timestamp(deps.now()) };
    const { kind, record, waitsForSecond } = editSource(stored, edit, by);
    if (kind === 'write' && (await deps.replaceSource(record)) === 'refused') continue;
    const json = policyView(record, await deps.readState(id), deps.now());
    return { status: waitsForSecond ? 202 : stored === undefined ? 201 : 200, json };
  }
  throw new ProblemError('UNAVAILABLE', 'Too many changes at once. Nothing was written; try again.');
};
