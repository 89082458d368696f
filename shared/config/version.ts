import manifest from '../../package.json' with { type: 'json' };

/** The one version of the product: package, API, CLI and OpenAPI document (API-12). */
export const VERSION: string = manifest.version;
