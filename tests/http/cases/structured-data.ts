// Data in structured mode that breaks a rule of the JSON format (section 3.1), and data that is no object where one is needed.
import type { Case } from '../check.ts';
import { binary, plain, structured } from '../requests.ts';

const envelope = (field: string) => ({ status: 400, code: 'INVALID_ENVELOPE', field }) as const;
const invalidData = { status: 422, code: 'INVALID_DATA', field: 'data' } as const;

export const structuredData: readonly Case[] = [
  ...['!!!', 'YQ', 'YQ==\n', 'Y Q==', '_-8=', 'YR==', 'data:;base64,YQ=='].map((text): Case => [
    `refuses ${JSON.stringify(text)} as data_base64, which two decoders would read differently`,
    structured({ ...plain, data_base64: text }),
    envelope('data_base64'),
  ]),
  ['refuses data_base64 that is no string', structured({ ...plain, data_base64: 5 }), envelope('data_base64')],
  ['refuses both data and data_base64', structured({ ...plain, data: {}, data_base64: 'e30=' }), envelope('data_base64')],
  ['refuses both even when data is null', structured({ ...plain, data: null, data_base64: 'e30=' }), envelope('data_base64')],
  [
    'takes data_base64 that is null for none',
    structured({ ...plain, data: {}, data_base64: null }),
    { status: 200, outcome: 'skipped' },
  ],
  ['takes JSON data that came in base64', structured({ ...plain, data_base64: 'e30=' }), { status: 200, outcome: 'skipped' }],
  [
    'refuses base64 that is no JSON where JSON is needed',
    structured({ ...plain, data_base64: 'AAEC' }),
    { status: 400, code: 'INVALID_JSON', field: 'data' },
  ],
  ['refuses an object as text', structured({ ...plain, datacontenttype: 'text/plain', data: {} }), envelope('data')],
  ['takes data that is null for no data', structured({ ...plain, data: null }), { status: 200, outcome: 'skipped' }],
  ...[false, true, 0, 1, '', 'text', []].map((data): Case => [
    `refuses ${JSON.stringify(data)} as the data of an event that has fields, and does not take it for no data`,
    structured({ ...plain, data }),
    invalidData,
  ]),
  ...['false', '0', '""', '[]'].map((body): Case => [
    `refuses the body ${body} of a binary event that has fields`,
    binary({ body }),
    invalidData,
  ]),
  ['refuses a body that is cut off', binary({ body: '{"reason":' }), { status: 400, code: 'INVALID_JSON', field: 'data' }],
  [
    'refuses a body that is not UTF-8',
    binary({ body: Buffer.from('"\xe9"', 'latin1') }),
    { status: 400, code: 'INVALID_JSON', field: 'data' },
  ],
  [
    'refuses a body of deep nesting',
    binary({ body: '{"a":'.repeat(100_000) }),
    { status: 400, code: 'INVALID_JSON', field: 'data' },
  ],
];
