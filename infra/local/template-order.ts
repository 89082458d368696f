import { intrinsicOf, isRecord, TemplateError, type TemplateResource } from './template.ts';

/** Logical ids that a value refers to by Ref, Fn::GetAtt and Fn::Sub; parameters and pseudo parameters may be among them. */
export const referencesOf = (value: unknown): Set<string> => {
  const found = new Set<string>();
  const walk = (item: unknown): void => {
    if (Array.isArray(item)) return item.forEach(walk);
    if (!isRecord(item)) return;
    const intrinsic = intrinsicOf(item);
    const argument = intrinsic === undefined ? undefined : item[intrinsic];
    if (intrinsic === 'Ref' && typeof argument === 'string') found.add(argument);
    else if (intrinsic === 'Fn::GetAtt' && typeof argument === 'string')
      found.add(argument.split('.')[0] ?? argument);
    else if (intrinsic === 'Fn::GetAtt' && Array.isArray(argument)) found.add(String(argument[0]));
    else if (intrinsic === 'Fn::Sub') {
      const [pattern, given] = Array.isArray(argument) ? argument : [argument, {}];
      for (const [, name = ''] of String(pattern).matchAll(/\$\{([^!}][^}]*)\}/g))
        if (!Object.hasOwn(Object(given), name.trim())) found.add(name.trim().split('.')[0] ?? name);
      walk(given);
    } else Object.values(item).forEach(walk);
  };
  walk(value);
  return found;
};

/**
 * The order in which resources can be made: everything after what it refers to or depends on.
 * @throws TemplateError where they wait for each other.
 */
export const inOrder = (resources: Readonly<Record<string, TemplateResource>>): string[] => {
  const order: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string, path: readonly string[]): void => {
    const resource = resources[id];
    if (resource === undefined || state.get(id) === 'done') return;
    if (state.get(id) === 'open')
      throw new TemplateError([...path, id].join(' → '), 'these resources wait for each other');
    state.set(id, 'open');
    for (const before of [...referencesOf(resource.Properties), ...[resource.DependsOn ?? []].flat()])
      visit(before, [...path, id]);
    state.set(id, 'done');
    order.push(id);
  };
  for (const id of Object.keys(resources)) visit(id, []);
  return order;
};
