// Sources that are archives: bombs, links, devices, paths that climb, and archives that are broken. Each is read as build.start reads it.
import { gzipSync } from 'node:zlib';
import type { ErrorCode } from '../../../src/core/errors.ts';
import {
  paxRecord,
  repeatedGzip,
  tar,
  tarEntry,
  tarGz,
  tarHeader,
  zip,
  type TarEntry,
  type ZipEntry,
} from '../../support/archives.ts';

/** `refused` is undefined for an archive that is taken: its hash is then asked for, and is not the one that the event names. */
export type ArchiveCase = { sentence: string; key: string; content: Buffer; refused?: { status: number; code: ErrorCode } };

const invalid = { status: 422, code: 'SOURCE_INVALID' } as const;
const tooLarge = { status: 413, code: 'SOURCE_TOO_LARGE' } as const;

const index = { name: 'index.js', content: 'export const handle = () => 1;\n' };
const mebibyte = Buffer.alloc(2 ** 20);
const gigabyte = 2 ** 30;

const bothKinds = (
  sentence: string,
  tarEntries: readonly TarEntry[],
  zipEntries: readonly ZipEntry[],
  refused?: ArchiveCase['refused'],
): ArchiveCase[] => [
  { sentence: `${sentence} (tar.gz)`, key: `${keyOf(sentence)}.tar.gz`, content: tarGz(tarEntries), ...(refused && { refused }) },
  { sentence: `${sentence} (zip)`, key: `${keyOf(sentence)}.zip`, content: zip(zipEntries), ...(refused && { refused }) },
];

const keyOf = (sentence: string): string => `archives/${sentence.replace(/[^a-z0-9]+/gi, '-').slice(0, 80)}`;
const one = (
  sentence: string,
  extension: 'tar.gz' | 'zip' | 'tgz',
  content: Buffer,
  refused?: ArchiveCase['refused'],
): ArchiveCase => ({ sentence, key: `${keyOf(sentence)}.${extension}`, content, ...(refused && { refused }) });

const named = (name: string): [TarEntry[], ZipEntry[]] => [
  [index, { ...index, name }],
  [index, { ...index, name }],
];

const paths: readonly ArchiveCase[] = (
  [
    ['refuses an entry that climbs out of the source', '../evil.js'],
    ['refuses an entry that climbs from within', 'lib/../../evil.js'],
    ['refuses an entry that is the folder above', '..'],
    ['refuses an absolute entry', '/etc/passwd'],
    ['refuses an entry on a drive', 'C:/evil.js'],
    ['refuses an entry with a backslash', 'lib\\evil.js'],
    ['refuses an entry that is the source itself', './.'],
    ['refuses an entry with a line break in its name', 'a\nb.js'],
  ] as const
).flatMap(([sentence, name]) => bothKinds(sentence, ...named(name), invalid));

const kinds: readonly ArchiveCase[] = [
  ...(
    [
      ['a symlink, wherever it leads', '2'],
      ['a hard link, wherever it leads', '1'],
      ['a character device', '3'],
      ['a block device', '4'],
      ['a fifo', '6'],
    ] as const
  ).map(([what, type]) =>
    one(`refuses ${what}`, 'tar.gz', tarGz([index, { name: 'evil.js', type, linkname: '/etc/passwd' }]), invalid),
  ),
  one(
    'refuses a symlink to a file of the source itself',
    'tgz',
    tarGz([index, { name: 'same.js', type: '2', linkname: 'index.js' }]),
    invalid,
  ),
  one(
    'refuses a link whose name a pax header gives',
    'tar.gz',
    tarGz([
      { name: 'x', type: 'x', content: paxRecord('linkpath', '/etc/passwd') },
      { name: 'evil.js', type: '2', linkname: 'x' },
    ]),
    invalid,
  ),
  one(
    'refuses a path that only a pax header tells',
    'tar.gz',
    tarGz([{ name: 'x', type: 'x', content: paxRecord('path', '../../evil.js') }, index]),
    invalid,
  ),
  one(
    'refuses a path that only a GNU header tells',
    'tar.gz',
    tarGz([{ name: '././@LongLink', type: 'L', content: '../../evil.js\0' }, index]),
    invalid,
  ),
  one('refuses a symlink in a zip', 'zip', zip([index, { name: 'evil.js', content: '/etc/passwd', mode: 0o120777 }]), invalid),
  one('refuses a device in a zip', 'zip', zip([index, { name: 'evil.js', mode: 0o020666 }]), invalid),
  one('refuses a fifo in a zip', 'zip', zip([index, { name: 'evil.js', mode: 0o010666 }]), invalid),
  one('refuses a file under a password', 'zip', zip([{ ...index, encrypted: true }]), invalid),
];

const conflicts: readonly ArchiveCase[] = [
  ...bothKinds(
    'refuses a file that is there twice, of which two unpackers may keep different ones',
    [index, index],
    [index, index],
    invalid,
  ),
  ...bothKinds('refuses a file that is there twice under two spellings of its path', ...named('./index.js'), invalid),
  ...bothKinds(
    'refuses a file below a file',
    [index, { ...index, name: 'index.js/a.js' }],
    [index, { ...index, name: 'index.js/a.js' }],
    invalid,
  ),
  ...bothKinds(
    'refuses a file where a folder is',
    [
      { ...index, name: 'a/b.js' },
      { ...index, name: 'a' },
    ],
    [
      { ...index, name: 'a/b.js' },
      { ...index, name: 'a' },
    ],
    invalid,
  ),
  ...bothKinds(
    'refuses a file where an empty folder is',
    [index, { name: 'a/', type: '5' }, { ...index, name: 'a' }],
    [index, { name: 'a/' }, { ...index, name: 'a' }],
    invalid,
  ),
  ...bothKinds(
    'refuses a folder where a file is',
    [index, { name: 'index.js/', type: '5' }],
    [index, { name: 'index.js/' }],
    invalid,
  ),
];

const folders = (count: number): TarEntry[] => Array.from({ length: count }, (_, i) => ({ name: `f${i}/`, type: '5' }));
const empty = (count: number): ZipEntry[] => Array.from({ length: count }, (_, i) => ({ name: `f${i}.js` }));
const pax = tarEntry({ name: 'x', type: 'x', content: paxRecord('comment', 'x') });

/** Each costs its sender little and its reader much: they are read all at once, and others meanwhile. */
export const bombs: readonly ArchiveCase[] = [
  one(
    'refuses a gigabyte of zeros behind the end of a tar, packed into a megabyte',
    'tar.gz',
    repeatedGzip(tar([index]), mebibyte, 1024),
    tooLarge,
  ),
  one(
    'refuses a file that says it is a gigabyte, before any of it is kept',
    'tar.gz',
    repeatedGzip(tarHeader({ ...index, claimedSize: gigabyte }), mebibyte, 1024),
    tooLarge,
  ),
  one(
    'refuses 600 files of a mebibyte each',
    'tar.gz',
    gzipSync(Buffer.concat(Array.from({ length: 600 }, (_, i) => tarEntry({ name: `f${i}.js`, content: mebibyte }))), {
      level: 1,
    }),
    tooLarge,
  ),
  one(
    'refuses a million headers of nothing',
    'tar.gz',
    repeatedGzip(Buffer.alloc(0), Buffer.concat(folders(10_000).map(tarHeader)), 100),
    tooLarge,
  ),
  one(
    'refuses half a million headers that describe other headers',
    'tar.gz',
    repeatedGzip(Buffer.alloc(0), Buffer.concat(Array.from({ length: 1000 }, () => pax)), 600),
    tooLarge,
  ),
  one(
    'refuses a pax header that is larger than any path',
    'tar.gz',
    repeatedGzip(tarHeader({ name: 'x', type: 'x', claimedSize: gigabyte }), mebibyte, 100),
    invalid,
  ),
  one(
    'refuses a zip of a file that says it is a gigabyte',
    'zip',
    zip([{ ...index, content: mebibyte, claimedSize: gigabyte }]),
    tooLarge,
  ),
  one(
    'refuses a zip of a file that is larger than it says',
    'zip',
    zip([{ ...index, content: mebibyte, claimedSize: 10 }]),
    invalid,
  ),
  one(
    'refuses a zip of a file that is smaller than it says',
    'zip',
    zip([{ ...index, content: mebibyte, claimedSize: 2 ** 21 }]),
    invalid,
  ),
  one('refuses 10,001 entries in a tar', 'tar.gz', tarGz([...folders(10_000), index]), tooLarge),
  one('refuses 10,001 entries in a zip', 'zip', zip(empty(10_001)), tooLarge),
];

const whole = tarGz([{ ...index, content: Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251)) }]);
const wholeZip = zip([index, { name: 'a.js', content: 'a'.repeat(1000) }]);

const damaged = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0xff, at);
  return copy;
};

const broken: readonly ArchiveCase[] = [
  one('refuses an empty file as a tar', 'tar.gz', Buffer.alloc(0), invalid),
  one('refuses an empty file as a zip', 'zip', Buffer.alloc(0), invalid),
  one('refuses text as a tar', 'tar.gz', Buffer.from('no archive'), invalid),
  one('refuses text as a zip', 'zip', Buffer.from('no archive'), invalid),
  one('refuses a tar that was cut off on its way', 'tar.gz', whole.subarray(0, whole.length / 2), invalid),
  one('refuses a tar whose last bytes are missing', 'tar.gz', whole.subarray(0, -4), invalid),
  one('refuses a zip that was cut off on its way', 'zip', wholeZip.subarray(0, wholeZip.length / 2), invalid),
  one('refuses a tar with a damaged byte within', 'tar.gz', damaged(whole, Math.floor(whole.length / 2)), invalid),
  one('refuses a zip with a damaged byte within a file', 'zip', damaged(zip([{ name: 'a.js', content: mebibyte }]), 60), invalid),
  one('refuses a tar whose header has a wrong sum', 'tar.gz', gzipSync(damaged(tar([index]), 3)), invalid),
  one(
    'refuses a tar whose file says it is larger than the tar',
    'tar.gz',
    gzipSync(tarHeader({ ...index, claimedSize: 100_000 })),
    invalid,
  ),
  one('refuses gzip of something else', 'tar.gz', gzipSync(Buffer.from('x'.repeat(2000))), invalid),
  one('refuses a tar without gzip', 'tar.gz', tar([index]), invalid),
];

const fine: readonly ArchiveCase[] = [
  ...bothKinds('takes an archive', [index], [index]),
  ...bothKinds(
    'takes an archive made with . as its root',
    [
      { name: './', type: '5' },
      { ...index, name: './index.js' },
    ],
    [{ ...index, name: './index.js' }],
  ),
  ...bothKinds(
    'takes a folder that is named twice',
    [index, { name: 'a/', type: '5' }, { name: 'a/', type: '5' }, { ...index, name: 'a/b.js' }],
    [index, { name: 'a/' }, { name: 'a/' }, { ...index, name: 'a/b.js' }],
  ),
  one('takes a tar of 10,000 entries', 'tar.gz', tarGz([...folders(9_999), index])),
];

export const archives: readonly ArchiveCase[] = [...paths, ...kinds, ...conflicts, ...broken, ...fine];
