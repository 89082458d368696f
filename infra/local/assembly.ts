import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from './template.ts';

/** One stack of a cloud assembly. */
export interface AssemblyStack {
  readonly name: string;
  readonly template: Template;
  /** Folders and files of its assets by object key, as `<hash>.zip`. */
  readonly assets: ReadonlyMap<string, string>;
}

interface Artifact {
  readonly type: string;
  readonly dependencies?: readonly string[];
  readonly properties?: {
    readonly templateFile?: string;
    readonly file?: string;
    readonly stackName?: string;
  };
}

interface AssetFile {
  readonly source: { readonly path?: string };
  readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
}

const readJson = <Content>(...path: string[]): Content =>
  JSON.parse(readFileSync(join(...path), 'utf8')) as Content;

/** Stacks of a cloud assembly, each after those that it depends on. */
export const readAssembly = (folder: string): readonly AssemblyStack[] => {
  const { artifacts } = readJson<{ artifacts: Record<string, Artifact> }>(folder, 'manifest.json');
  const assets = new Map<string, string>();
  for (const { type, properties } of Object.values(artifacts)) {
    if (type !== 'cdk:asset-manifest' || properties?.file === undefined) continue;
    const { files } = readJson<{ files: Record<string, AssetFile> }>(folder, properties.file);
    for (const { source, destinations } of Object.values(files))
      for (const { objectKey } of Object.values(destinations))
        if (source.path !== undefined) assets.set(objectKey, join(folder, source.path));
  }
  const stacks: AssemblyStack[] = [];
  const visited = new Set<string>();
  const visit = (id: string): void => {
    const artifact = artifacts[id];
    if (artifact === undefined || visited.has(id)) return;
    visited.add(id);
    artifact.dependencies?.forEach(visit);
    if (artifact.type !== 'aws:cloudformation:stack' || artifact.properties?.templateFile === undefined)
      return;
    stacks.push({
      name: artifact.properties.stackName ?? id,
      template: readJson<Template>(folder, artifact.properties.templateFile),
      assets,
    });
  };
  Object.keys(artifacts).forEach(visit);
  return stacks;
};
