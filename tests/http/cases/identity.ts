// Whose function an event is about (contract section 2): source and subject say it, the data may repeat it, and they must agree.
import type { Case } from '../check.ts';
import { plain, structured, withData, type Binary } from '../requests.ts';

const cancel = (data: object, attributes: Binary['attributes'] = {}): Buffer => withData('build.cancel', data, { attributes });
const taken = (third_party_id: string, parser_id: string) =>
  ({ status: 200, outcome: 'skipped', body: { third_party_id, parser_id } }) as const;
const refused = (code: 'IDENTITY_MISMATCH' | 'IDENTITY_MISSING', field: string) => ({ status: 422, code, field }) as const;

const both = { third_party_id: 'acme', parser_id: 'wire' };

export const identity: readonly Case[] = [
  ['takes source and subject', cancel({}), taken('acme', 'wire')],
  ['takes data that repeats them', cancel(both), taken('acme', 'wire')],
  [
    'takes the function from the data when there is no subject',
    cancel({ parser_id: 'other' }, { subject: undefined }),
    taken('acme', 'other'),
  ],
  [
    'takes both from the data when the source is of another form',
    cancel(both, { source: 'test-cli', subject: undefined }),
    taken('acme', 'wire'),
  ],
  [
    'does not take the subject of a source of another form for a function: it is the subject of whoever sent it',
    cancel(both, { source: 'test-cli', subject: 'object.json' }),
    taken('acme', 'wire'),
  ],
  [
    'refuses another tenant in the data, who could build for anybody',
    cancel({ third_party_id: 'other' }),
    refused('IDENTITY_MISMATCH', 'data.third_party_id'),
  ],
  ['refuses another function in the data', cancel({ parser_id: 'other' }), refused('IDENTITY_MISMATCH', 'data.parser_id')],
  [
    'tells a tenant by the case of its letters',
    cancel({ third_party_id: 'Acme' }),
    refused('IDENTITY_MISMATCH', 'data.third_party_id'),
  ],
  ['refuses an event that names no function', cancel({}, { subject: undefined }), refused('IDENTITY_MISSING', 'data.parser_id')],
  [
    'refuses a source of another form without ids in the data',
    cancel({}, { source: 'test-cli' }),
    refused('IDENTITY_MISSING', 'data.third_party_id'),
  ],
  [
    'refuses a source of another form without a function in the data, whatever the subject says',
    cancel({ third_party_id: 'acme' }, { source: 'test-cli' }),
    refused('IDENTITY_MISSING', 'data.parser_id'),
  ],
  [
    'takes network.notifi. alone for a source of another form',
    cancel({}, { source: 'network.notifi.' }),
    refused('IDENTITY_MISSING', 'data.third_party_id'),
  ],
  [
    'takes NETWORK.NOTIFI.acme for a source of another form',
    cancel({}, { source: 'NETWORK.NOTIFI.acme' }),
    refused('IDENTITY_MISSING', 'data.third_party_id'),
  ],
  [
    'takes a source with a path behind the tenant for one of another form',
    cancel({}, { source: 'network.notifi.acme/x' }),
    refused('IDENTITY_MISSING', 'data.third_party_id'),
  ],
  [
    'holds a structured event to the same rules',
    structured({ ...plain, data: { third_party_id: 'other' } }),
    refused('IDENTITY_MISMATCH', 'data.third_party_id'),
  ],
];
