import { describe, expect, test } from '@jest/globals';
import { binaryMode } from '../cases/binary-mode.ts';
import { asked, binary, type Case } from '../cases/case.ts';
import { check } from '../cases/check.ts';
import { failures } from '../cases/failures.ts';
import { bodyLimit, httpEdges } from '../cases/http-edges.ts';
import { refused } from '../cases/refused.ts';
import { replies } from '../cases/replies.ts';
import { structuredMode } from '../cases/structured-mode.ts';
import { openConnection, send } from '../harness/raw-http.ts';
import type { Subject } from '../describe-template.ts';
import { runningForSuite } from './running.ts';

const tables: Readonly<Record<string, readonly Case[]>> = {
  'binary mode': binaryMode,
  'structured mode': structuredMode,
  'what is refused': refused,
  replies,
  failures,
};

const addresses = {
  SUBSCRIPTION_MANAGER_ADDRESS: 'subscription.test:4000',
  EPHEMERAL_STORAGE_ADDRESS: 'ephemeral.test:4000',
  PERSISTENT_STORAGE_ADDRESS: 'persistent.test:4000',
  FUSION_FETCH_PROXY_ADDRESS: 'fetch.test:4000',
  EVM_RPC_ADDRESS: 'evm.test:4000',
  SOLANA_RPC_ADDRESS: 'solana.test:4000',
  SUI_RPC_ADDRESS: 'sui.test:4000',
  GRPC_INSECURE: 'true',
};

const services = {
  subscriptionManager: 'subscription.test:4000',
  ephemeralStorage: 'ephemeral.test:4000',
  persistentStorage: 'persistent.test:4000',
  fusionFetchProxy: 'fetch.test:4000',
  evmRpc: 'evm.test:4000',
  solanaRpc: 'solana.test:4000',
  suiRpc: 'sui.test:4000',
  grpcInsecure: true,
};

export function describeTable(subject: Subject): void {
  describe('answers events', () => {
    const running = runningForSuite(subject, addresses);
    for (const [name, rows] of Object.entries(tables)) {
      test.each(rows)(`${name}: $title`, async ({ request, expect: expected }) => {
        check(await send(running().port, request), expected);
      });
    }

    test('hands over the addresses of the services and the time that is left', async () => {
      const report = (await send(running().port, binary({}))).json() as { services: unknown; remainingMs: number };
      expect(report.services).toEqual(services);
      expect(report.remainingMs).toBeGreaterThan(55_000);
      expect(report.remainingMs).toBeLessThanOrEqual(60_000);
    });

    test('answers one request after the other on one connection, whatever the one before was', async () => {
      const connection = await openConnection(running().port);
      const statuses: number[] = [];
      for (const request of [
        binary({}),
        asked({ do: 'throw', message: 'no' }),
        binary({ 'ce-id': null }),
        asked({ do: 'return nothing' }),
        binary({}),
      ]) {
        statuses.push((await connection.send(request)).status);
      }
      connection.close();
      expect(statuses).toEqual([200, 500, 400, 204, 200]);
    });

    test('runs fifty events at once and mixes none of them up', async () => {
      const began = performance.now();
      const all = await Promise.all(
        Array.from({ length: 50 }, async (_, row) => {
          const waited = await send(running().port, asked({ do: 'sleep', ms: 200 + row }, { 'ce-id': `event-${row}` }));
          return { id: waited.headers['ce-id'], body: waited.json() };
        }),
      );
      expect(all).toEqual(all.map((_, row) => ({ id: `event-${row}-reply`, body: { slept: 200 + row } })));
      expect(performance.now() - began).toBeLessThan(5_000); // one after the other would take 11 s
    });
  });

  describe('keeps to HTTP and to its body limit', () => {
    const running = runningForSuite(subject, { BODY_LIMIT_BYTES: String(bodyLimit) });
    test.each(httpEdges)('$title', async ({ request, expect: expected }) => {
      check(await send(running().port, request), expected);
    });

    test('hands over no address that it was not given', async () => {
      const report = (await send(running().port, binary({}))).json() as { services: Record<string, unknown> };
      expect(report.services).toEqual({ grpcInsecure: false });
    });
  });
}
