// What every server of this benchmark is sent, byte for byte the same.

export type Message = {
  name: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** What our door answers. The others judge nothing and answer 202. */
  status: number;
};

const attributes = {
  specversion: '1.0',
  id: 'a3c1f0e2-5d0b-4f7e-9a3b-0c6c1d1f2a77',
  source: 'network.notifi.acme-corp',
  type: 'network.notifi.lambda.build.start',
  subject: 'price_feed',
  time: '2026-03-01T12:00:00Z',
  correlationid: 'c-4711',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

/** The source of the function, below the source directory. */
export const sourceKey = 'parsers/price_feed.js';

const data = { third_party_id: 'acme-corp', parser_id: 'price_feed', s3_key: sourceKey, priority: 5, context_id: 'ctx-1' };

const binary = (name: string, status: number, body: object): Message => ({
  name,
  status,
  headers: {
    ...Object.fromEntries(Object.entries(attributes).map(([attribute, value]) => [`ce-${attribute}`, value])),
    'content-type': 'application/json',
  },
  body: JSON.stringify(body),
});

export const duplicate = binary('binary build.start, a duplicate', 200, data);

export const messages: readonly Message[] = [
  duplicate,
  {
    name: 'structured build.start, a duplicate',
    status: 200,
    headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    body: JSON.stringify({ ...attributes, datacontenttype: 'application/json', data }),
  },
  binary('binary build.start, refused', 422, { ...data, priority: 11 }),
];
