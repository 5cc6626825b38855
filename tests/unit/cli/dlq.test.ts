import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runDlq } from '../../../src/cli/dlq.ts';
import { UsageError } from '../../../src/cli/dlq-parameters.ts';
import { createOperatorApi, Refusal, Unreachable, type OperatorApi } from '../../../src/cli/operator-api.ts';

type Asked = { method: string; url: string; authorization: string | undefined; operator: unknown; body: string; port: unknown };

/** A consumer that answers what it is told to. */
const startApi = async (answers: { status: number; body: unknown }[]) => {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers, socket } = request;
      const { authorization, 'x-operator': operator } = headers;
      asked.push({ method, url, authorization, operator, body, port: socket.remotePort });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      response
        .writeHead(answer?.status ?? 500)
        .end(typeof answer?.body === 'string' ? answer.body : JSON.stringify(answer?.body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const api = createOperatorApi({ url, token: 'secret-token-of-16', operator: 'ada', timeoutMs: 5_000 });
  const close = async (): Promise<void> => {
    api.close();
    server.close();
    await once(server, 'close');
  };
  return { api, asked, close, url };
};

const withApi = async (
  answers: { status: number; body: unknown }[],
  work: (api: OperatorApi, asked: Asked[], url: URL) => Promise<void>,
): Promise<void> => {
  const { api, asked, close, url } = await startApi(answers);
  try {
    await work(api, asked, url);
  } finally {
    await close();
  }
};

const run = async (api: OperatorApi, line: string): Promise<{ code: number; text: string }> => {
  const printed: string[] = [];
  const code = await runDlq(line.split(' '), api, (text) => printed.push(text));
  return { code, text: printed.join('\n') };
};

const letter = {
  id: 'ab'.repeat(16),
  category: 'validation',
  reason: 'no',
  attempts: 0,
  last_failed_at: '2026-01-02T03:04:05.678Z',
};
const ended = {
  run: 'r1',
  state: 'ended',
  matched: 2,
  redriven: 2,
  skipped: 0,
  delivered: 2,
  handed_to_broker: 0,
  came_back: 0,
  under_way: 0,
  returned: [],
};

describe('npm run dlq', () => {
  test('asks with the token, the name of the operator and the filters by the names of the API', async () => {
    await withApi([{ status: 200, body: { dead_letters: [letter], cursor: '7' } }], async (api, asked) => {
      const { code, text } = await run(api, 'list --tenant acme --function p --older-than 6h --limit 5');
      expect(asked).toMatchObject([
        {
          method: 'GET',
          url: '/dead-letters?third_party_id=acme&parser_id=p&older_than=6h&limit=5',
          authorization: 'Bearer secret-token-of-16',
          operator: 'ada',
        },
      ]);
      expect(code).toBe(0);
      expect(text).toMatch(/^id .*\nabab.* 2026-01-02 03:04:05 {2}validation .*\nmore: --cursor 7$/);
    });
  });

  test('a letter that is written to take over the terminal is only shown', async () => {
    const hostile = { ...letter, reason: 'a\u001b]0;title\u0007\n\u202eb', type: '\u009b2J' };
    await withApi([{ status: 200, body: { dead_letters: [hostile], cursor: null } }], async (api) => {
      for (const line of ['list', 'list --json']) {
        const { text } = await run(api, line);
        // eslint-disable-next-line no-control-regex
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
        expect(text.split('\n').some((shown) => shown.includes(']0;title') && shown.includes('b'))).toBe(true);
      }
    });
  });

  test('a redrive of many is only counted, until --yes says that it is meant', async () => {
    await withApi([{ status: 200, body: { matched: 2, per_second: 20, would_take_seconds: 1 } }], async (api, asked) => {
      expect((await run(api, 'redrive --category validation')).text).toMatch(/^2 letters match/);
      expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ category: 'validation', dry_run: true });
    });
  });

  test('what only the broker has is not called delivered', async () => {
    const taken = { ...ended, delivered: 0, handed_to_broker: 2 };
    await withApi([{ status: 202, body: taken }], async (api) => {
      const { code, text } = await run(api, 'redrive --yes');
      expect(text).toBe(
        'ended: 0 delivered, 2 handed to the broker, 0 came back, 0 skipped\n  what was handed to the broker is parked again if its subscriber fails',
      );
      expect(code).toBe(0);
    });
  });

  test('a redrive is followed to its end over one connection, and what came back is the exit code', async () => {
    const back = { ...ended, delivered: 1, came_back: 1, returned: [{ id: letter.id, category: 'validation', reason: 'no' }] };
    const moving = { ...ended, state: 'handed_over', delivered: 0, under_way: 2 };
    await withApi(
      [moving, moving, back].map((body) => ({ status: 202, body })),
      async (api, asked) => {
        const { code, text } = await run(api, 'redrive --per-second 5 --yes');
        expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ per_second: 5, dry_run: false });
        expect(text).toContain('2 of 2 handed over: 0 delivered, 0 came back, 2 under way\nended: 1 delivered, 1 came back');
        expect(text).toContain(letter.id);
        expect(code).toBe(1);
        expect(new Set(asked.map(({ port }) => port)).size).toBe(1);
      },
    );
    await withApi([{ status: 202, body: ended }], async (api) => {
      expect((await run(api, 'redrive --yes')).code).toBe(0);
    });
  });

  test('a redrive whose process went away says what is known of it', async () => {
    const answers = [
      { status: 202, body: { ...ended, state: 'running', redriven: 1, delivered: 1 } },
      { status: 404, body: { code: 'DEAD_LETTER_NOT_FOUND', detail: 'There is no redrive' } },
    ];
    await withApi(answers, async (api) => {
      await expect(run(api, 'redrive --yes')).rejects.toThrow(/started again. 1 of 2 handed over.*still parked/);
    });
  });

  test('purging one needs --yes, purging many their number', async () => {
    await withApi([{ status: 200, body: { id: letter.id, matched: 3, purged: 0 } }], async (api, asked) => {
      await expect(run(api, `purge ${letter.id}`)).rejects.toThrow(UsageError);
      expect(asked).toEqual([]);
      await run(api, `purge ${letter.id} --yes`);
      expect((await run(api, 'purge --tenant acme')).text).toBe('3 letters match. With --confirm 3 they are taken out for good');
      await run(api, 'purge --tenant acme --confirm 3');
      expect(asked.map(({ method, url, body }) => [method, url, body])).toEqual([
        ['DELETE', `/dead-letters/${letter.id}`, ''],
        ['POST', '/dead-letters/purge', '{"third_party_id":"acme"}'],
        ['POST', '/dead-letters/purge', '{"third_party_id":"acme","confirm":3}'],
      ]);
    });
  });

  test('an id can not leave its place in the path', async () => {
    await withApi([{ status: 200, body: {} }], async (api, asked) => {
      await run(api, 'show ../metrics?x');
      expect(asked[0]?.url).toBe('/dead-letters/..%2Fmetrics%3Fx');
    });
  });

  test.each([
    'nothing',
    'list more',
    'show',
    'redrive a b',
    'redrive a --tenant b',
    'list --colour red',
    'redrive --per-second fast',
    'toString',
  ])('"%s" is not understood, and nothing is asked', async (line) => {
    await withApi([{ status: 200, body: {} }], async (api, asked) => {
      await expect(run(api, line)).rejects.toThrow(UsageError);
      expect(asked).toEqual([]);
    });
  });

  test('a refusal is told by its code, whoever gave it', async () => {
    await withApi([{ status: 400, body: { code: 'INVALID_QUERY', detail: 'confirm' } }], async (api) => {
      await expect(run(api, 'stats')).rejects.toMatchObject({ code: 'INVALID_QUERY', message: 'confirm' });
    });
    await withApi([{ status: 502, body: '<html>bad gateway' }], async (api) => {
      await expect(run(api, 'stats')).rejects.toEqual(new Refusal('HTTP 502', '<html>bad gateway'));
    });
  });

  test('a consumer that is not there is told by its address', async () => {
    const { api, close, url } = await startApi([]);
    await close();
    await expect(run(api, 'stats')).rejects.toThrow(Unreachable);
    await expect(run(api, 'stats')).rejects.toThrow(url.origin);
  });
});
