// What a valid source is, and which runtime it is for. The files are judged by name alone, before anything is unpacked.
import { CodedError } from './errors.ts';

export const runtimes = {
  nodejs24: { language: 'nodejs', version: '24' },
  nodejs22: { language: 'nodejs', version: '22' },
  'python3.13': { language: 'python', version: '3.13' },
  'python3.11': { language: 'python', version: '3.11' },
  'go1.26': { language: 'go', version: '1.26' },
} as const;

export type Runtime = keyof typeof runtimes;
export type Language = (typeof runtimes)[Runtime]['language'];

export const isRuntime = (value: string): value is Runtime => Object.hasOwn(runtimes, value);

const defaults: Record<Language, Runtime> = { nodejs: 'nodejs24', python: 'python3.13', go: 'go1.26' };

export const runtimeNames = [...Object.keys(runtimes), ...Object.keys(defaults)] as (Runtime | Language)[];

export const languageOf = (runtime: Runtime): Language => runtimes[runtime].language;

/** Looked for at the root of the source, in this order; the first found names the language. */
const markers: readonly [file: string, Language][] = [
  ['package.json', 'nodejs'],
  ['requirements.txt', 'python'],
  ['pyproject.toml', 'python'],
  ['go.mod', 'go'],
];

const extensions: Record<string, Language> = {
  ...{ js: 'nodejs', mjs: 'nodejs', cjs: 'nodejs', ts: 'nodejs', mts: 'nodejs', cts: 'nodejs' },
  ...{ py: 'python', go: 'go' },
};

/** The name a file without an extension gets. */
export const mainFile: Record<Language, string> = { nodejs: 'index.js', python: 'main.py', go: 'main.go' };

export const limits = {
  packedBytes: 50 * 2 ** 20,
  unpackedBytes: 500 * 2 ** 20,
  entries: 10_000,
  pathLength: 512,
  /** What Linux file systems take for one name. */
  segmentBytes: 255,
} as const;

export type SourceKind = 'file' | 'tar.gz' | 'zip' | 'prefix';

/** What a source is by its key; `undefined` means its first bytes must tell. */
export const kindOfKey = (key: string): SourceKind | undefined => {
  if (key.endsWith('/')) return 'prefix';
  if (/\.(tar\.gz|tgz)$/i.test(key)) return 'tar.gz';
  if (/\.zip$/i.test(key)) return 'zip';
  return languageOfFile(key) === undefined ? undefined : 'file';
};

/** gzip and zip are known by their magic numbers; everything else is one file. */
export const kindOfBytes = (head: Buffer): SourceKind => {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'tar.gz';
  return head.length >= 4 && head.readUInt32BE(0) === 0x504b0304 ? 'zip' : 'file';
};

const languageOfFile = (path: string): Language | undefined => {
  const match = /\.([a-z]+)$/i.exec(path);
  const extension = match?.[1]?.toLowerCase();
  return extension !== undefined && Object.hasOwn(extensions, extension) ? extensions[extension] : undefined;
};

const refuse = (message: string): never => {
  throw new CodedError('SOURCE_INVALID', message, { field: 's3_key' });
};

/** For messages: an archive chooses its own names. */
const shown = (path: string): string => JSON.stringify(path.slice(0, 80));

/**
 * The path of an archive's entry below `function/`, `undefined` for the root itself.
 * @throws CodedError SOURCE_INVALID for a path that could leave the folder or that a file system would read differently
 */
export const entryPath = (name: string): string | undefined => {
  if (/[\u0000-\u001f\u007f\\]/.test(name)) refuse(`The path ${shown(name)} has a control character or a backslash`); // eslint-disable-line no-control-regex
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) refuse(`The path ${shown(name)} leaves the source`);
  if (segments.some((segment) => Buffer.byteLength(segment) > limits.segmentBytes)) {
    refuse(`A name in the path ${shown(name)} is longer than ${limits.segmentBytes} bytes`);
  }
  const path = segments.join('/');
  if (name.startsWith('/') || /^[A-Za-z]:/.test(path)) refuse(`The path ${shown(name)} is absolute`);
  if (path.length > limits.pathLength) refuse(`The path ${shown(name)} is longer than ${limits.pathLength} characters`);
  return path === '' ? undefined : path;
};

const languagesOf = (paths: readonly string[]): Set<Language> => {
  const found = new Set<Language>();
  for (const path of paths) {
    const language = path.includes('/') ? undefined : languageOfFile(path);
    if (language !== undefined) found.add(language);
  }
  return found;
};

/**
 * The runtime asked for, or else the one the files at the root tell.
 * @throws CodedError RUNTIME_UNKNOWN when they tell none, or several
 */
export const chooseRuntime = (asked: Runtime | Language | undefined, paths: readonly string[]): Runtime => {
  if (asked !== undefined) return asked in defaults ? defaults[asked as Language] : (asked as Runtime);
  const marker = markers.find(([file]) => paths.includes(file));
  if (marker !== undefined) return defaults[marker[1]];
  const [language, another] = languagesOf(paths);
  if (language !== undefined && another === undefined) return defaults[language];
  const why = language === undefined ? 'no file at its root tells the language' : 'its files are in more than one language';
  throw new CodedError('RUNTIME_UNKNOWN', `The source has no runtime: ${why}; set "runtime" or add a manifest`, {
    field: 'runtime',
  });
};
