// Header values (HTTP binding, section 3.1.3.2): double quotes are undone first, then one round of percent-decoding.
import type { Case } from '../check.ts';
import { binary, plain } from '../requests.ts';

/** What is sent in a header, and the value it stands for. */
export const decoded: readonly [sent: string, value: string][] = [
  ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
  ['%e2%82%ac', '€'],
  ['%41%42', 'AB'],
  ['%2541', '%41'],
  ['a b', 'a b'],
  ['"quoted"', 'quoted'],
  ['"with \\"quotes\\" and \\\\"', 'with "quotes" and \\'],
  ['"%E2%82%AC"', '€'],
  ['"\\%41"', 'A'],
  ['%22a%22', '"a"'],
  ['inner "quotes" stay', 'inner "quotes" stay'],
  ['(no comment)', '(no comment)'],
  ['100%', '100%'],
  ['%zz', '%zz'],
  ['%4', '%4'],
  ['%4g%41', '%4gA'],
  ['%F4%8F%BF%BD', '\u{10fffd}'],
];

const refused: readonly [sent: string, why: string][] = [
  ['%C0%A0', 'an overlong space'],
  ['%C0%AF', 'an overlong slash'],
  ['%E0%80%AF', 'an overlong slash of three bytes'],
  ['%F0%80%80%AF', 'an overlong slash of four bytes'],
  ['%ED%A0%80', 'half of a surrogate pair'],
  ['%F4%90%80%80', 'beyond the last character'],
  ['%FF', 'a byte that UTF-8 never has'],
  ['%E2%82', 'cut off within a character'],
  ['%80', 'the middle of a character'],
  ['"unbalanced', 'a quote that stays open'],
  ['"a" b', 'something behind the closing quote'],
  ['"ends with a backslash\\"', 'a quote that is closed only by an escaped one'],
  ['caf\xe9', 'a raw byte outside of printable ASCII'],
  ['tab\tinside', 'a raw tab'],
];

const field = { status: 400, code: 'INVALID_ATTRIBUTE', field: 'ext' } as const;

export const headerValues: readonly Case[] = [
  [
    'takes a subject whose every character is percent-encoded, without need',
    binary({ attributes: { subject: '%77%69%72%65' } }),
    { status: 200, outcome: 'skipped', body: { parser_id: plain.subject } },
  ],
  [
    'takes a source and a subject in double quotes, as older senders write them',
    binary({ attributes: { source: `"${plain.source}"`, subject: `"${plain.subject}"` } }),
    { status: 200, outcome: 'skipped', body: { third_party_id: 'acme', parser_id: 'wire' } },
  ],
  ...refused.map(([sent, why]): Case => [`refuses ${sent}: ${why}`, binary({ headers: [['ce-ext', sent]] }), field]),
];
