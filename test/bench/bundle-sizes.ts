/** The part of esbuild's metafile that sizes are read from. */
export interface SizedMetafile {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly entryPoint?: string;
        readonly bytes: number;
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
        readonly imports: readonly {
          readonly path: string;
          readonly kind: string;
          readonly external?: boolean;
        }[];
      }
    >
  >;
}

type Output = SizedMetafile['outputs'][string];

/** The files of a function: what its start loads, and what an invocation may load beside. */
export const filesOf = (
  { outputs }: SizedMetafile,
  entry: string,
): { readonly start: readonly Output[]; readonly onDemand: readonly Output[] } => {
  const reached = (from: readonly string[], follow: (kind: string) => boolean): ReadonlySet<string> => {
    const paths = new Set(from);
    for (const path of paths)
      for (const { kind, external, path: imported } of outputs[path]?.imports ?? [])
        if (external !== true && follow(kind)) paths.add(imported);
    return paths;
  };
  const first = Object.keys(outputs).filter(
    (path) => outputs[path]?.entryPoint === `functions/${entry}.handler.ts`,
  );
  if (first.length === 0) throw new Error(`no bundle of ${entry}`);
  const start = reached(first, (kind) => kind === 'import-statement');
  const all = [...reached(first, () => true)];
  const of = (paths: readonly string[]): Output[] => paths.flatMap((path) => outputs[path] ?? []);
  return { start: of([...start]), onDemand: of(all.filter((path) => !start.has(path))) };
};

export interface BundleSize {
  /** Our own code and that of libraries that a start loads, in bytes. */
  readonly own: number;
  /** The same that only some invocations load. */
  readonly onDemand: number;
  readonly sdk: number;
  readonly cedar: number;
  /** Everything that a start loads. */
  readonly total: number;
}

/** The SDK, and packages that only it brings. */
const SDK =
  /(^|node_modules\/)(@aws-sdk|@smithy|@aws|@aws-crypto|mnemonist|obliterator|tslib|bowser)\/|lib-dynamodb/;

const bytesOf = (outputs: readonly Output[], test: (path: string) => boolean): number =>
  outputs
    .flatMap(({ inputs }) => Object.entries(inputs))
    .reduce((sum, [path, { bytesInOutput }]) => sum + (test(path) ? bytesInOutput : 0), 0);

/** Sizes of every function's bundle, by entry. */
export const bundleSizes = (metafile: SizedMetafile): ReadonlyMap<string, BundleSize> => {
  const isCedar = (path: string): boolean => path.includes('/@cedar-policy/');
  const isSdk = (path: string): boolean => SDK.test(path);
  const isOwn = (path: string): boolean => !isCedar(path) && !isSdk(path);
  const sizes = new Map<string, BundleSize>();
  for (const { entryPoint } of Object.values(metafile.outputs)) {
    const entry = /^functions\/(.+)\.handler\.ts$/.exec(entryPoint ?? '')?.[1];
    if (entry === undefined) continue;
    const { start, onDemand } = filesOf(metafile, entry);
    sizes.set(entry, {
      own: bytesOf(start, isOwn),
      onDemand: bytesOf(onDemand, isOwn),
      sdk: bytesOf(start, isSdk),
      cedar: bytesOf(start, isCedar),
      total: start.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  return sizes;
};
