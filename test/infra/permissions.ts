import { referenced, type Resource, type Template } from './assembly.ts';

/** One thing that a function may do, as `dynamodb:GetItem ActionsTable` or `kms:Decrypt DataKey via s3`. */
export type Permission = string;

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, any>>>>;
}

const many = <Item>(value: Item | readonly Item[]): readonly Item[] =>
  (Array.isArray(value) ? value : [value]) as readonly Item[];

const viaOf = (statement: Statement): string => {
  const service = statement.Condition?.StringEquals?.['kms:ViaService'];
  return service === undefined ? '' : ` via ${referenced(service).split('.')[0]}`;
};

/** Which rows it may write, where it is bound to any: never without the line that keeps requests without a key out. */
const rowsOf = ({ Condition = {} }: Statement): string => {
  const keys = Condition['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'];
  if (keys === undefined) return '';
  if (Condition['Null']?.['dynamodb:LeadingKeys'] !== 'false')
    throw new Error('a condition on keys that holds where there is no key');
  return ` rows ${many<string>(keys).toSorted().join(' ')}`;
};

const resourceText = (resource: unknown): string =>
  referenced(resource)
    .replaceAll(/\{([^}]*)\}/g, '$1')
    .replace(/^arn:AWS::Partition:(\w+):AWS::Region:AWS::AccountId:/, '$1:');

/** Everything that the policies of a function's role allow, sorted. Refuses a Deny or a NotAction: none is written. */
export const permissionsOf = (template: Template, fn: Resource): readonly Permission[] => {
  const role = referenced(fn.Properties['Role']);
  const found = new Set<Permission>();
  for (const policy of Object.values(template.Resources)) {
    if (policy.Type !== 'AWS::IAM::Policy') continue;
    if (!(policy.Properties['Roles'] as unknown[]).some((each) => referenced(each) === role)) continue;
    for (const statement of policy.Properties['PolicyDocument'].Statement as Statement[]) {
      if (statement.Effect !== 'Allow' || statement.Action === undefined || statement.Resource === undefined)
        throw new Error(`a statement that this test does not read: ${JSON.stringify(statement)}`);
      for (const action of many(statement.Action))
        for (const resource of many(statement.Resource))
          found.add(`${action} ${resourceText(resource)}${viaOf(statement)}${rowsOf(statement)}`);
    }
  }
  return [...found].toSorted();
};
