/** The part of esbuild's metafile that sizes are read from. */
export interface SizedMetafile {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly entryPoint?: string;
        readonly bytes: number;
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
      }
    >
  >;
}

export interface BundleSize {
  /** Our own code and that of libraries, in bytes. */
  readonly own: number;
  readonly sdk: number;
  readonly cedar: number;
  readonly total: number;
}

/** The SDK, and packages that only it brings. */
const SDK =
  /(^|node_modules\/)(@aws-sdk|@smithy|@aws|@aws-crypto|mnemonist|obliterator|tslib|bowser)\/|lib-dynamodb/;

/** Sizes of every function's bundle, by entry. */
export const bundleSizes = (metafile: SizedMetafile): ReadonlyMap<string, BundleSize> => {
  const sizes = new Map<string, BundleSize>();
  for (const { entryPoint, bytes, inputs } of Object.values(metafile.outputs)) {
    const entry = /^functions\/(.+)\.handler\.ts$/.exec(entryPoint ?? '')?.[1];
    if (entry === undefined) continue;
    const size = { own: 0, sdk: 0, cedar: 0, total: bytes };
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      if (path.includes('/@cedar-policy/')) size.cedar += bytesInOutput;
      else if (SDK.test(path)) size.sdk += bytesInOutput;
      else size.own += bytesInOutput;
    }
    sizes.set(entry, size);
  }
  return sizes;
};
