// One row of the comparison: a server that answers one CloudEvent with a small JSON document, or as near to it as it can.
export interface Startable {
  readonly command: readonly [string, ...string[]];
  readonly folder: string;
  readonly environment: (port: number) => Readonly<Record<string, string>>;
}

export interface Contestant {
  readonly language: 'nodejs' | 'python' | 'go';
  readonly name: string;
  /** the floor is what the language's barest server costs; peers are what users would pick instead of ours */
  readonly role: 'floor' | 'ours' | 'peer';
  /** Installs or builds it in a folder of its own, which is kept from run to run. Nothing of it is measured. */
  readonly prepare: (folder: string) => Promise<Startable>;
}

/** What every contestant is sent. */
export const event = {
  headers: {
    'ce-specversion': '1.0',
    'ce-id': 'a3c1f0e2',
    'ce-source': 'network.notifi.acme-corp',
    'ce-type': 'network.notifi.lambda.parser.start',
    'ce-subject': 'price_feed',
    'ce-correlationid': 'c-1',
    'ce-traceparent': '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'content-type': 'application/json',
  },
  body: JSON.stringify({ contextId: 'ctx-1', parameters: { blockId: '0x1b4', blockchainType: 'EVM', logIndices: [1, 2, 3] } }),
} as const;
