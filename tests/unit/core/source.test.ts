import { posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  chooseRuntime,
  entryPath,
  kindOfBytes,
  kindOfKey,
  languageOf,
  limits,
  mainFile,
  runtimeNames,
  runtimes,
  type Language,
  type Runtime,
} from '../../../src/core/source.ts';
import { codeAndField, refusalOf } from './refusal.ts';

const languages = Object.keys(mainFile) as Language[];
const versions = Object.keys(runtimes) as Runtime[];

describe('the kind of a source', () => {
  it.each([
    ['global/parser/', 'prefix'],
    ['source.tar.gz/', 'prefix'],
    ['a/source.tar.gz', 'tar.gz'],
    ['a/source.tgz', 'tar.gz'],
    ['a/SOURCE.TAR.GZ', 'tar.gz'],
    ['a/source.zip', 'zip'],
    ['a/source.Zip', 'zip'],
    ['parsers/test.js', 'file'],
    ['test.mjs', 'file'],
    ['test.cjs', 'file'],
    ['test.ts', 'file'],
    ['test.mts', 'file'],
    ['test.cts', 'file'],
    ['test.PY', 'file'],
    ['main.go', 'file'],
  ])('of the key %s is %s', (key, kind) => {
    expect(kindOfKey(key)).toBe(kind);
  });

  it.each([
    'global/parser/parser-123',
    'source.tar',
    'source.gz',
    'readme.md',
    'a.js/file',
    'archive.zip.part',
    '',
    'file.constructor',
    'js',
  ])('is not told by the key %s, so its first bytes must', (key) => {
    expect(kindOfKey(key)).toBeUndefined();
  });

  it.each([
    ['gzip', [0x1f, 0x8b, 8, 0], 'tar.gz'],
    ['two bytes of gzip', [0x1f, 0x8b], 'tar.gz'],
    ['zip', [0x50, 0x4b, 3, 4, 20], 'zip'],
    ['three bytes of zip', [0x50, 0x4b, 3], 'file'],
    ['another archive', [0x50, 0x4b, 3, 5], 'file'],
    ['text', [0x63, 0x6f, 0x6e, 0x73, 0x74], 'file'],
    ['one byte of gzip', [0x1f], 'file'],
    ['nothing', [], 'file'],
  ])('of bytes that begin like %s is told', (_, head, kind) => {
    expect(kindOfBytes(Buffer.from(head))).toBe(kind);
  });
});

describe('the path of an entry', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(
        fc.constantFrom('..', '.', '', 'a', '...', 'C:', '\\', '..\\', '\0', '\n', '/', '~', 'é', '\u2028', 'x'.repeat(300)),
        { maxLength: 8 },
      )
      .map((parts) => parts.join('/')),
  );

  it('never leaves the folder it is put in, and is written in one way only', () => {
    fc.assert(
      fc.property(names, (name) => {
        let path: string | undefined;
        try {
          path = entryPath(name);
        } catch {
          expect(codeAndField(() => entryPath(name))).toEqual({ code: 'SOURCE_INVALID', field: 's3_key' });
          return;
        }
        if (path === undefined) return;
        const joined = posix.join('/root/function', path);
        expect(joined).toBe(`/root/function/${path}`);
        expect(path.split('/')).not.toContain('..');
        expect(path.split('/').every((segment) => Buffer.byteLength(segment) <= 255)).toBe(true);
        expect(path.length).toBeLessThanOrEqual(limits.pathLength);
        expect(entryPath(path)).toBe(path);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['index.js', 'index.js'],
    ['./index.js', 'index.js'],
    ['lib//parse.js', 'lib/parse.js'],
    ['lib/./parse.js', 'lib/parse.js'],
    ['lib/', 'lib'],
    ['.env', '.env'],
    ['a/..b/c..', 'a/..b/c..'],
    ['ünï/\u{1f600}.js', 'ünï/\u{1f600}.js'],
  ])('of %s is %s', (name, path) => {
    expect(entryPath(name)).toBe(path);
  });

  it.each(['', '.', './', './/.'])('of %j is that of the root, which has no path of its own', (name) => {
    expect(entryPath(name)).toBeUndefined();
  });

  it.each([
    ['climbs', '../a'],
    ['climbs in the middle', 'a/../../b'],
    ['climbs even if it comes back', 'a/../a'],
    ['climbs at its end', 'a/..'],
    ['is absolute', '/etc/passwd'],
    ['has a drive', 'C:\\windows'],
    ['has a drive and no backslash', 'c:a'],
    ['has a backslash', 'a\\..\\b'],
    ['has a NUL, where a file system would cut it', 'a.js\0.png'],
    ['has a line feed', 'a\nb'],
    ['has a DEL', 'a\u007f'],
    ['is longer than 512 characters', 'a/'.repeat(256) + 'ab'],
    ['has a segment that no file system takes', 'x'.repeat(256)],
    ['has a segment of more than 255 bytes, though fewer characters', 'é'.repeat(128)],
  ])('is refused when it %s', (_, name) => {
    const refusal = refusalOf(() => entryPath(name));
    expect(refusal.code).toBe('SOURCE_INVALID');
    expect(refusal.message.length).toBeLessThan(250);
  });

  it('may be 512 characters and have segments of 255 bytes', () => {
    expect(entryPath(`${'a/'.repeat(255)}ab`)).toHaveLength(512);
    expect(entryPath('x'.repeat(255))).toHaveLength(255);
  });

  it('is shown in a refusal without its control characters, because an archive chooses its own names', () => {
    expect(refusalOf(() => entryPath('\u001b[2J../a')).message).toContain('"\\u001b[2J../a"');
  });
});

describe('the runtime of a source', () => {
  it.each(versions)('is %s when that is asked for, whatever the files are', (runtime) => {
    expect(chooseRuntime(runtime, ['go.mod', 'main.py', 'index.js'])).toBe(runtime);
  });

  it.each(languages)('is a version of %s when the bare language is asked for', (language) => {
    expect(languageOf(chooseRuntime(language, ['other.txt']))).toBe(language);
  });

  it.each([
    ['package.json', 'nodejs'],
    ['requirements.txt', 'python'],
    ['pyproject.toml', 'python'],
    ['go.mod', 'go'],
  ])('is told by %s at the root, whatever else lies there', (manifest, language) => {
    expect(languageOf(chooseRuntime(undefined, ['script.py', 'main.go', 'tool.js', manifest]))).toBe(language);
  });

  it('is told by the first of several manifests in the order of the contract', () => {
    expect(languageOf(chooseRuntime(undefined, ['go.mod', 'requirements.txt', 'package.json']))).toBe('nodejs');
    expect(languageOf(chooseRuntime(undefined, ['go.mod', 'pyproject.toml']))).toBe('python');
  });

  it.each([
    ['a.js', 'nodejs'],
    ['a.mjs', 'nodejs'],
    ['a.cjs', 'nodejs'],
    ['a.ts', 'nodejs'],
    ['a.mts', 'nodejs'],
    ['a.cts', 'nodejs'],
    ['a.PY', 'python'],
    ['a.go', 'go'],
  ])('is told by the extension of %s when there is no manifest', (file, language) => {
    expect(languageOf(chooseRuntime(undefined, [file, 'readme.md', 'data.json']))).toBe(language);
  });

  it.each(languages)('is of %s for the file name that its sources without an extension get', (language) => {
    expect(languageOf(chooseRuntime(undefined, [mainFile[language]]))).toBe(language);
  });

  it('is one even with two files of the same language', () => {
    expect(languageOf(chooseRuntime(undefined, ['a.js', 'b.ts']))).toBe('nodejs');
  });

  it.each([
    ['no file', [], 'no file at its root'],
    ['no file that tells', ['readme.md', 'Makefile'], 'no file at its root'],
    ['files below the root only', ['src/index.js', 'src/package.json'], 'no file at its root'],
    ['files of two languages', ['a.js', 'b.py'], 'more than one language'],
  ])('is refused with %s, saying why, instead of being guessed', (_, paths, why) => {
    const refusal = refusalOf(() => chooseRuntime(undefined, paths));
    expect({ code: refusal.code, field: refusal.details.field }).toEqual({ code: 'RUNTIME_UNKNOWN', field: 'runtime' });
    expect(refusal.message).toContain(why);
  });

  it('can be asked for under each name that events may use, and is then one that exists', () => {
    for (const name of runtimeNames) expect(versions).toContain(chooseRuntime(name, []));
  });
});
