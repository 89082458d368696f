import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Db } from '../config/dynamo.aws.ts';
import { ProjectConfig, type ReadProjectConfig, strictProjectConfig } from './project-config.ts';

export const projectPk = (project: string): string => `project#${project}`;

/** The row as the registry holds it, with the attributes of its index. */
export const projectItem = (config: ProjectConfig): Record<string, unknown> => ({
  ...config,
  pk: projectPk(config.project),
  kind: 'project',
  sortKey: config.project,
});

/**
 * What a stored row says of a project. Absent, unparsable or somebody else's: the strict default, in which no provider
 * is on (GOV-03); the fault is logged once per project and process.
 */
export const projectConfigOf = () => {
  const told = new Set<string>();
  return (project: string, stored: Record<string, unknown> | undefined): ProjectConfig => {
    if (stored === undefined) return strictProjectConfig(project);
    const { pk: _pk, kind: _kind, sortKey: _sortKey, ...row } = stored;
    const parsed = ProjectConfig.safeParse(row);
    if (parsed.success && parsed.data.project === project) return parsed.data;
    if (!told.has(project)) {
      told.add(project);
      const fields = parsed.error?.issues.map((issue) => issue.path.join('.')) ?? ['project'];
      console.error(JSON.stringify({ level: 'ERROR', code: 'PROJECT_CONFIG_UNREADABLE', project, fields }));
    }
    return strictProjectConfig(project);
  };
};

/** Strongly consistent read of what two operators confirmed. */
export const readProjectConfig = (db: Db, table: string): ReadProjectConfig => {
  const configOf = projectConfigOf();
  return async (project) => {
    const { Item } = await db.send(
      new GetCommand({ TableName: table, Key: { pk: projectPk(project) }, ConsistentRead: true }),
    );
    return configOf(project, Item);
  };
};

/** Condition of a write over version `base` of a project; 0 means that there is no row. */
export const versionIs = (base: number) =>
  base === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#version = :base',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':base': base },
      };
