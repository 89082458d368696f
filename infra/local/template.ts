/**
 * Resolves the CloudFormation intrinsics that the templates use. Pure: what a resource became is asked through the
 * scope. Anything unknown throws an error that names the resource and the path, never a silent `undefined`.
 */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
}

export interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<
    Record<
      string,
      { readonly Value: unknown; readonly Condition?: string; readonly Export?: { readonly Name: unknown } }
    >
  >;
}

/** What references point to, outside of the template's own text. */
export interface Scope {
  readonly template: Template;
  /** Values by parameter name; they win over the defaults. */
  readonly parameters: Readonly<Record<string, string>>;
  /** `AWS::Region` and the like. */
  readonly pseudo: Readonly<Record<string, string>>;
  /** What `Ref` of a resource answers. Throws for one that is not there. */
  ref(logicalId: string): unknown;
  getAtt(logicalId: string, attribute: string): unknown;
  importValue(name: string): unknown;
}

/** Where in the template a problem is, as `Stack/Resource/Properties/Environment`. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  constructor(at: string, message: string) {
    super(`${at}: ${message}`);
  }
}

const NO_VALUE = Symbol('AWS::NoValue');

/** Whether a value is an object, and no list. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The key of an intrinsic: an object with exactly one member that is `Ref`, `Condition` or starts with `Fn::`. */
export const intrinsicOf = (value: Record<string, unknown>): string | undefined => {
  const [key, ...more] = Object.keys(value);
  return key !== undefined && more.length === 0 && (key === 'Ref' || key.startsWith('Fn::'))
    ? key
    : undefined;
};

const text = (value: unknown, at: string): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(at, `text is needed here, not ${JSON.stringify(value)}`);
};

const list = (value: unknown, at: string, length?: number): unknown[] => {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length))
    throw new TemplateError(at, `a list${length === undefined ? '' : ` of ${length}`} is needed here`);
  return value;
};

const refer = (name: string, scope: Scope, at: string): unknown => {
  if (name === 'AWS::NoValue') return NO_VALUE;
  if (name.startsWith('AWS::')) {
    const value = scope.pseudo[name];
    if (value === undefined) throw new TemplateError(at, `the pseudo parameter ${name} is not known here`);
    return value;
  }
  const parameter = scope.template.Parameters?.[name];
  if (parameter !== undefined) {
    if (parameter.Type.startsWith('AWS::SSM::'))
      throw new TemplateError(at, `parameter ${name} would need SSM`);
    const value = scope.parameters[name] ?? parameter.Default;
    if (value === undefined) throw new TemplateError(at, `parameter ${name} has neither value nor default`);
    return parameter.Type === 'CommaDelimitedList' || parameter.Type.startsWith('List<')
      ? text(value, at)
          .split(',')
          .map((part) => part.trim())
      : text(value, at);
  }
  return scope.ref(name);
};

const attribute = (value: unknown, scope: Scope, at: string): unknown => {
  const parts = typeof value === 'string' ? value.split('.') : list(value, at);
  const [id, ...path] = parts.map((part) => text(resolveAt(part, scope, at), at));
  if (id === undefined || path.length === 0)
    throw new TemplateError(at, 'Fn::GetAtt needs a resource and an attribute');
  return scope.getAtt(id, path.join('.'));
};

const substitute = (value: unknown, scope: Scope, at: string): string => {
  const [pattern, given] = typeof value === 'string' ? [value, {}] : list(value, at, 2);
  if (typeof pattern !== 'string' || !isRecord(given))
    throw new TemplateError(at, 'Fn::Sub needs text and a map');
  return pattern.replace(/\$\{([^}]*)\}/g, (whole, raw: string) => {
    if (raw.startsWith('!')) return `\${${raw.slice(1)}}`;
    const name = raw.trim();
    if (name === '') throw new TemplateError(at, `Fn::Sub has an empty name in ${whole}`);
    if (Object.hasOwn(given, name)) return text(resolveAt(given[name], scope, `${at}/${name}`), at);
    return text(name.includes('.') ? attribute(name, scope, at) : refer(name, scope, at), at);
  });
};

/** Value of a named condition. Circles are refused. */
export const conditionHolds = (name: string, scope: Scope, seen: readonly string[] = []): boolean => {
  const at = `Conditions/${name}`;
  if (seen.includes(name)) throw new TemplateError(at, 'the condition refers to itself');
  const evaluate = (value: unknown): boolean => {
    if (!isRecord(value)) throw new TemplateError(at, 'a condition function is needed here');
    const [[key, argument] = ['', undefined]] = Object.entries(value);
    switch (key) {
      case 'Fn::Equals': {
        const [left, right] = list(argument, at, 2).map((side) => resolveAt(side, scope, at));
        return JSON.stringify(left) === JSON.stringify(right);
      }
      case 'Fn::And':
        return list(argument, at).map(evaluate).every(Boolean);
      case 'Fn::Or':
        return list(argument, at).map(evaluate).some(Boolean);
      case 'Fn::Not':
        return !evaluate(list(argument, at, 1)[0]);
      case 'Condition':
        return conditionHolds(text(argument, at), scope, [...seen, name]);
      default:
        throw new TemplateError(at, `${key} is not a condition that the local host knows`);
    }
  };
  const condition = scope.template.Conditions?.[name];
  if (condition === undefined) throw new TemplateError(at, 'no such condition');
  return evaluate(condition);
};

const choose = (argument: unknown, scope: Scope, at: string): unknown => {
  const [condition, yes, no] = list(argument, at, 3);
  return resolveAt(conditionHolds(text(condition, at), scope) ? yes : no, scope, at);
};

const pick = (argument: unknown, scope: Scope, at: string): unknown => {
  const [index, from] = list(argument, at, 2).map((part) => resolveAt(part, scope, at));
  const items = list(from, at);
  const position = Number(text(index, at));
  if (!Number.isInteger(position) || position < 0 || position >= items.length)
    throw new TemplateError(at, `Fn::Select asks for item ${String(index)} of ${items.length}`);
  return items[position];
};

const join = (argument: unknown, scope: Scope, at: string): string => {
  const [separator, parts] = list(argument, at, 2);
  const values = list(resolveAt(parts, scope, at), at);
  return values.map((part) => text(part, at)).join(text(separator, at));
};

const split = (argument: unknown, scope: Scope, at: string): string[] => {
  const [separator, source] = list(argument, at, 2);
  return text(resolveAt(source, scope, at), at).split(text(separator, at));
};

const findInMap = (argument: unknown, scope: Scope, at: string): unknown => {
  const [map, first, second] = list(argument, at, 3).map((part) => text(resolveAt(part, scope, at), at)) as [
    string,
    string,
    string,
  ];
  const found = scope.template.Mappings?.[map]?.[first]?.[second];
  if (found === undefined)
    throw new TemplateError(at, `Fn::FindInMap finds nothing at ${map}.${first}.${second}`);
  return resolveAt(found, scope, at);
};

const resolveAt = (value: unknown, scope: Scope, at: string): unknown => {
  if (Array.isArray(value))
    return value
      .map((item, index) => resolveAt(item, scope, `${at}/${index}`))
      .filter((item) => item !== NO_VALUE);
  if (!isRecord(value)) return value;
  const intrinsic = intrinsicOf(value);
  const argument = intrinsic === undefined ? undefined : value[intrinsic];
  switch (intrinsic) {
    case undefined:
      return Object.fromEntries(
        Object.entries(value)
          .map(([key, item]) => [key, resolveAt(item, scope, `${at}/${key}`)] as const)
          .filter(([, item]) => item !== NO_VALUE),
      );
    case 'Ref':
      return refer(text(argument, at), scope, at);
    case 'Fn::GetAtt':
      return attribute(argument, scope, at);
    case 'Fn::Sub':
      return substitute(argument, scope, at);
    case 'Fn::Join':
      return join(argument, scope, at);
    case 'Fn::Select':
      return pick(argument, scope, at);
    case 'Fn::Split':
      return split(argument, scope, at);
    case 'Fn::If':
      return choose(argument, scope, at);
    case 'Fn::ImportValue':
      return scope.importValue(text(resolveAt(argument, scope, at), at));
    case 'Fn::FindInMap':
      return findInMap(argument, scope, at);
    default:
      throw new TemplateError(at, `the local host does not know ${intrinsic}`);
  }
};

/**
 * Resolves every intrinsic in `value`; members that come out as `AWS::NoValue` are left out.
 * @throws TemplateError with the path `at`.
 */
export const resolveIntrinsics = (value: unknown, scope: Scope, at: string): unknown => {
  const resolved = resolveAt(value, scope, at);
  return resolved === NO_VALUE ? undefined : resolved;
};
