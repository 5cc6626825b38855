// s3_key names an object below the sources, whatever it says. A key that climbs is refused; one that finds nothing is not found.
import type { Case } from '../check.ts';
import { withData } from '../requests.ts';

const start = (s3_key: unknown): Buffer => withData('build.start', { s3_key });

const refused = { status: 422, code: 'INVALID_DATA', field: 'data.s3_key' } as const;
const notFound = { status: 422, code: 'SOURCE_NOT_FOUND', field: 's3_key' } as const;

const hostile: readonly [key: unknown, why: string][] = [
  ['', 'empty'],
  ['/etc/passwd', 'absolute'],
  ['/', 'the root'],
  ['..', 'the folder above'],
  ['.', 'the folder itself'],
  ['../outside.js', 'climbing'],
  ['parsers/../../outside.js', 'climbing from within'],
  ['parsers/..', 'climbing at its end'],
  ['parsers/./plain.js', 'a segment that some would drop'],
  ['../', 'a prefix that climbs'],
  ['parsers\\..\\..\\outside.js', 'a path elsewhere'],
  ['parsers/plain.js\u0000.png', 'what C would cut'],
  ['parsers/plain.js\n', 'a line break'],
  ['a\u007fb', 'a control character'],
  ['\ud800', 'half of a character'],
  ['a'.repeat(1025), '1025 characters'],
  [5, 'a number'],
  [['parsers/plain.js'], 'a list'],
  [null, 'null'],
];

const absent: readonly [key: string, why: string][] = [
  ['parsers/none.js', 'nothing is there'],
  ['parsers', 'it is a folder'],
  ['parsers/plain.js/more', 'its folder is a file'],
  ['parsers/plain.js/', 'its folder is a file'],
  ['%2e%2e/outside.js', 'no percent is decoded'],
  ['parsers/..%2foutside.js', 'no percent is decoded'],
  ['parsers/%00', 'no percent is decoded'],
  ['file:///etc/passwd', 'a URL is a key as any other'],
  ['http://127.0.0.1/', 'a URL is a key as any other'],
  ['~root/.ssh/id_rsa', 'no shell reads it'],
  ['$HOME/x.js', 'no shell reads it'],
  ['parsers/plain.js\u2028', 'it is another name'],
  ['link-outside.js', 'the link leads out of the sources'],
  ['folder-outside/outside.js', 'the link leads out of the sources'],
  ['folder-outside/', 'the link leads out of the sources'],
  ['pipe.js', 'a pipe is no file, and reading it would wait for ever'],
  [`parsers/${'a'.repeat(300)}.js`, 'no file system has such a name'],
  ['no/such/prefix/', 'nothing is below it'],
  ['empty/', 'nothing is below it'],
];

export const sourceKeys: readonly Case[] = [
  ...hostile.map(([key, why]): Case => [`refuses the key ${JSON.stringify(key).slice(0, 50)}: ${why}`, start(key), refused]),
  ...absent.map(([key, why]): Case => [
    `finds nothing under the key ${JSON.stringify(key).slice(0, 50)}: ${why}`,
    start(key),
    notFound,
  ]),
  ['finds nothing where no key is given and the default one is not there', withData('build.start', {}), notFound],
  [
    'believes the hash that an event asks for, and refuses another content under the same key',
    withData('build.start', { s3_key: 'parsers/plain.js', content_hash: 'a'.repeat(64) }),
    { status: 422, code: 'CONTENT_HASH_MISMATCH', field: 'data.content_hash' },
  ],
  [
    'refuses an empty folder of a source that tells no language',
    withData('build.start', { s3_key: 'texts/' }),
    { status: 422, code: 'RUNTIME_UNKNOWN', field: 'runtime' },
  ],
];
