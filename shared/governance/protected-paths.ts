/**
 * Paths that no rule can auto-approve (GOV-02): a change to any of them, or to anything below, waits for a person.
 * Compared with normalised paths, so no spelling gets round it.
 */

/** Of a repository that Autopack governs, whatever its project says. */
export const GOVERNED_PATHS = ['docs', 'config', '.github', 'src/autopack', 'tests'] as const;

/** Of this repository itself. */
export const OWN_PATHS = [
  '.github',
  '.oxlintrc.json',
  'cdk.json',
  'docs',
  'functions',
  'infra',
  'package-lock.json',
  'package.json',
  'shared',
  'statemachines',
  'test',
  'tsconfig.json',
] as const;

export const PROTECTED_PATHS: readonly string[] = [
  ...new Set<string>([...GOVERNED_PATHS, ...OWN_PATHS]),
].toSorted();

/** Stands for a path that cannot be read as a relative one; always protected. */
export const UNREADABLE_PATH = '?';

const decode = (text: string): string => {
  let before = text;
  for (let round = 0; round < 8; round += 1) {
    let after: string;
    try {
      after = decodeURIComponent(before);
    } catch {
      return before;
    }
    if (after === before) return after;
    before = after;
  }
  return UNREADABLE_PATH;
};

// Control, format (zero-width, bidi) and unassigned characters are invisible to whoever reads the path.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\ufffd]/u;

/**
 * One spelling per file: percent-encoding and compatibility forms resolved, "/" as separator, lower case, no "."
 * or "..", no trailing dots or blanks. Answers `?` for what is absolute, leaves the repository, is empty or hides
 * characters.
 */
export const normalisePath = (raw: string): string => {
  const decoded = decode(raw).normalize('NFKC');
  const text = decode(decoded).normalize('NFKC').replaceAll('\\', '/').toLowerCase();
  if (INVISIBLE.test(text) || /^(\/|~|[a-z][a-z0-9+.-]*:)/.test(text) || text.includes('%'))
    return UNREADABLE_PATH;
  const segments: string[] = [];
  for (const part of text.split('/')) {
    const bare = part.trim();
    if (bare === '' || bare === '.') continue;
    if (bare === '..') {
      if (segments.pop() === undefined) return UNREADABLE_PATH;
      continue;
    }
    const segment = bare.replace(/[. ]+$/, '');
    if (segment === '') return UNREADABLE_PATH;
    segments.push(segment);
  }
  return segments.length === 0 ? UNREADABLE_PATH : segments.join('/');
};

/** A path and every folder above it, so that a policy can name a folder: `a/b/c` gives `a`, `a/b`, `a/b/c`. */
export const withFolders = (path: string): readonly string[] => {
  const segments = path.split('/');
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
};

/** Every normalised path and folder that these files touch. */
export const touchedPaths = (files: readonly string[]): readonly string[] =>
  [...new Set(files.flatMap((file) => withFolders(normalisePath(file))))].toSorted();

/** The protected paths among them, `?` for one that cannot be read. */
export const protectedAmong = (files: readonly string[]): readonly string[] => {
  const touched = new Set(touchedPaths(files));
  return [UNREADABLE_PATH, ...PROTECTED_PATHS].filter((path) => touched.has(path));
};
