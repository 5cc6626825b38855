// Content-Type and its charset: case-insensitive, quoted or not, and never guessed.
import type { Case } from '../check.ts';
import { binary, plain, structured } from '../requests.ts';

const taken = { status: 200, outcome: 'skipped' } as const;
const unsupported = (field: string) => ({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', field }) as const;

const readable = [
  'application/json; charset=utf-8',
  'application/json; charset=UTF-8',
  'application/json;CHARSET=Utf-8',
  'application/json; charset="utf-8"',
  'application/json ; charset=utf8',
  'application/json; charset=us-ascii',
  'application/json; charset=utf-8; version=1',
  'Application/JSON',
  'text/json',
  'application/problem+json',
];

const otherCharsets = ['iso-8859-1', 'ISO-8859-1', '"utf-16"', 'utf-16le', 'windows-1252', 'utf-7', 'x'];

const malformed = [
  'json',
  'application/',
  '/json',
  'application/json charset=utf-8',
  'application/json; charset',
  'a/b/c',
  'application/js on',
];

export const mediaTypes: readonly Case[] = [
  ...readable.map((contentType): Case => [`takes data as ${contentType}`, binary({ contentType, body: '{}' }), taken]),
  ['takes data without a media type as JSON', binary({ contentType: undefined, body: '{}' }), taken],
  ['takes data under an empty Content-Type as JSON, as if there were none', binary({ contentType: '', body: '{}' }), taken],
  ...otherCharsets.map((charset): Case => [
    `refuses data in charset ${charset}, whose bytes it would read wrongly`,
    binary({ contentType: `application/json; charset=${charset}`, body: '{}' }),
    unsupported('datacontenttype'),
  ]),
  ...['text/plain', 'application/xml', 'application/octet-stream', 'multipart/form-data; boundary=x', 'application/jsonx'].map(
    (contentType): Case => [
      `refuses ${contentType} where JSON is needed`,
      binary({ contentType, body: '{}' }),
      unsupported('datacontenttype'),
    ],
  ),
  ...malformed.map((contentType): Case => [
    `refuses ${contentType}, which is no media type`,
    binary({ contentType, body: '{}' }),
    { status: 400, code: 'INVALID_ATTRIBUTE', field: 'datacontenttype' },
  ]),
  [
    'takes a structured event in charset UTF-8',
    structured(plain, { contentType: 'application/cloudevents+json; charset=UTF-8' }),
    taken,
  ],
  [
    'takes a structured event in quoted charset',
    structured(plain, { contentType: 'application/cloudevents+json;charset="utf-8"' }),
    taken,
  ],
  ...['utf-16', 'ISO-8859-1'].map((charset): Case => [
    `refuses a structured event in charset ${charset}`,
    structured(plain, { contentType: `application/cloudevents+json; charset=${charset}` }),
    unsupported('content-type'),
  ]),
];
