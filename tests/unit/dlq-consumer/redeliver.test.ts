import { describe, expect, test } from '@jest/globals';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { CodedError } from '../../../src/core/errors.ts';
import { readTrail } from '../../../src/core/letter-trail.ts';
import type { HttpAnswer } from '../../../src/dlq-consumer/answer.ts';
import { createPace } from '../../../src/dlq-consumer/pace.ts';
import { createRedeliver } from '../../../src/dlq-consumer/redeliver.ts';
import { createRoom } from '../../../src/dlq-consumer/room.ts';
import { depsWith, letterWith, now, rawLetter } from './letters.ts';

type Posted = { url: string; event: CloudEvent };

const answering = (...answers: (Partial<HttpAnswer> | Error)[]) => {
  const posted: Posted[] = [];
  const post = (url: URL, event: CloudEvent): Promise<HttpAnswer> => {
    const answer = answers[Math.min(posted.push({ url: url.href, event }), answers.length) - 1] ?? {};
    if (answer instanceof Error) return Promise.reject(answer);
    const headers = answer.headers ?? {};
    return Promise.resolve({
      status: 202,
      body: Buffer.alloc(0),
      rawHeaders: Object.entries(headers).flat(),
      ...answer,
      headers,
    });
  };
  return { posted, post };
};

const replyHeaders = { 'ce-specversion': '1.0', 'ce-id': 'r', 'ce-source': 's', 'ce-type': 't' };

const rejecting = (type: string, data: unknown): Partial<HttpAnswer> => ({
  status: 200,
  headers: { ...replyHeaders, 'ce-type': `network.notifi.lambda.${type}`, 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(data)),
});

describe('the redelivery of a letter', () => {
  test('goes to the subscriber that failed, with the number of the attempt, and is done when it is taken', async () => {
    const { posted, post } = answering({ status: 202 });
    const disposition = await createRedeliver(depsWith(post))(letterWith({ attempts: 3 }));
    expect(disposition.to).toBe('done');
    expect(posted).toMatchObject([
      {
        url: 'http://parser.acme.svc.cluster.local/',
        event: { id: 'event-1', extensions: { correlationid: 'c', dlqattempt: 3 } },
      },
    ]);
  });

  test('to the broker takes along what was tried, since the broker may give it up again; a subscriber is not told', async () => {
    const { posted, post } = answering({ status: 202 });
    const letter = letterWith({ destination: '', attempts: 2, redrive: { run: 'run-1', from: 5 } });
    const broker = 'http://broker.svc.cluster.local/ns/default';
    const disposition = await createRedeliver(depsWith(post))(letter);
    expect(disposition).toMatchObject({ to: 'done', byBroker: true });
    expect(readTrail(posted[0]?.event.extensions.dlqtrail)).toEqual({
      firstFailedAt: letter.firstFailedAt,
      redrive: { run: 'run-1' },
      history: [{ at: now, attempt: 2, destination: broker }],
    });
    await createRedeliver(depsWith(post))(letterWith());
    expect(posted[1]?.event.extensions).not.toHaveProperty('dlqtrail');
  });

  test('writes the attempt into the history, and the next one waits longer', async () => {
    const { post } = answering({ status: 503, body: Buffer.from('down') });
    const first = await createRedeliver(depsWith(post))(letterWith({ attempts: 2 }));
    expect(first).toMatchObject({
      to: 'delay',
      delayMs: 120_000,
      letter: {
        attempts: 3,
        reason: 'It answered 503: down',
        lastFailedAt: now,
        history: [
          {
            at: now,
            attempt: 2,
            destination: 'http://parser.acme.svc.cluster.local/',
            status: 503,
            error: 'It answered 503: down',
          },
        ],
      },
    });
  });

  test('of a large letter for which there is no room is put off without losing the attempt, unless it is too old', async () => {
    const { posted, post } = answering({ status: 202 });
    const room = createRoom(2 ** 20);
    const leave = room.enter(2 ** 20);
    const redeliver = createRedeliver(depsWith(post, { room }));
    expect(await redeliver(letterWith({ attempts: 2 }), 2 ** 17)).toMatchObject({
      to: 'delay',
      delayMs: 10_000,
      letter: { attempts: 2 },
    });
    expect(await redeliver(letterWith({ attempts: 2, firstFailedAt: 0 }), 2 ** 17)).toMatchObject({
      to: 'park',
      letter: { attempts: 1, reason: 'It is too old: The subscriber answered 503' },
    });
    expect(posted).toEqual([]);
    leave?.();
    for (let n = 0; n < 20; n++) expect((await redeliver(letterWith(), 2 ** 17)).to).toBe('done');
  });

  test('is the last one when all attempts are used up: the letter is parked', async () => {
    const { post } = answering({ status: 503 });
    expect(await createRedeliver(depsWith(post))(letterWith({ attempts: 5 }))).toMatchObject({
      to: 'park',
      letter: { attempts: 5, reason: 'All attempts are used up: It answered 503' },
    });
  });

  test('a redriven letter is tried once more and comes back with its count, so that it can not go round for ever', async () => {
    const { post } = answering({ status: 503 });
    const disposition = await createRedeliver(depsWith(post))(
      letterWith({ attempts: 6, reason: 'All attempts are used up: It answered 503' }),
    );
    expect(disposition).toMatchObject({
      to: 'park',
      letter: { attempts: 6, reason: 'All attempts are used up: It answered 503' },
    });
  });

  test('parks what can never succeed, with the category of the answer', async () => {
    const body = Buffer.from(JSON.stringify({ code: 'SOURCE_NOT_FOUND' }));
    const { post } = answering({ status: 422, headers: { 'content-type': 'application/problem+json' }, body });
    expect(await createRedeliver(depsWith(post))(letterWith())).toMatchObject({
      to: 'park',
      letter: { category: 'source_not_found', attempts: 1, reason: expect.stringMatching(/^It can never succeed: /) },
    });
  });

  test('waits as long as the subscriber asks, but not longer than the longest delay', async () => {
    const waits = async (seconds: string): Promise<number> => {
      const { post } = answering({ status: 429, headers: { 'retry-after': seconds } });
      const disposition = await createRedeliver(depsWith(post))(letterWith());
      return disposition.to === 'delay' ? disposition.delayMs : NaN;
    };
    expect(await waits('1')).toBe(30_000);
    expect(await waits('300')).toBe(300_000);
    expect(await waits('99999999')).toBe(1_800_000);
  });

  test("hands a subscriber's reply to the broker for replies before the letter is done", async () => {
    const { posted, post } = answering({ status: 200, headers: replyHeaders }, { status: 202 });
    expect((await createRedeliver(depsWith(post))(letterWith())).to).toBe('done');
    expect(posted[1]).toMatchObject({ url: 'http://functions-broker.svc.cluster.local/', event: { id: 'r' } });
  });

  test("never hands a reply to the builder's broker, which would believe what a tenant's code says there", async () => {
    const command = { ...replyHeaders, 'ce-type': 'network.notifi.lambda.service.delete' };
    const { posted, post } = answering({ status: 200, headers: command }, { status: 202 });
    await createRedeliver(depsWith(post))(letterWith());
    expect(posted.map(({ url }) => new URL(url).hostname)).toEqual([
      'parser.acme.svc.cluster.local',
      'functions-broker.svc.cluster.local',
    ]);
  });

  test('keeps a letter whose function says that it failed for good, with its count and history, and publishes nothing', async () => {
    const { posted, post } = answering(rejecting('parser.failed', { message: 'no such block', category: 'queue_full' }));
    const letter = letterWith({ attempts: 3, history: [{ at: 1, attempt: 2, destination: 'd', status: 503, error: 'down' }] });
    expect(await createRedeliver(depsWith(post))(letter)).toMatchObject({
      to: 'park',
      letter: {
        id: letter.id,
        event: letter.event,
        destination: letter.destination,
        attempts: 3,
        category: 'function_error_permanent',
        reason: 'It can never succeed: It answered parser.failed: no such block',
        history: [{ attempt: 2 }, { at: now, attempt: 3, status: 200, error: 'It answered parser.failed: no such block' }],
      },
    });
    expect(posted).toHaveLength(1);
  });

  test('parks what the builder rejects for good, and tries again where it says that this can heal', async () => {
    const verdictOn = (data: unknown) =>
      createRedeliver(depsWith(answering(rejecting('event.rejected', data)).post))(letterWith({ attempts: 2 }));
    expect(await verdictOn({ message: 'm', category: 'source_not_found' })).toMatchObject({
      to: 'park',
      letter: { category: 'source_not_found', attempts: 2 },
    });
    expect(await verdictOn({ message: 'm', category: 'build_timeout' })).toMatchObject({
      to: 'delay',
      delayMs: 120_000,
      letter: { category: 'build_timeout', attempts: 3 },
    });
  });

  test('takes a subscriber that rejects an event for one that is alive: its other letters go on', async () => {
    const { posted, post } = answering(rejecting('event.rejected', { category: 'cluster_unavailable' }));
    const redeliver = createRedeliver(depsWith(post));
    for (let n = 0; n < 10; n++) await redeliver(letterWith({ id: String(n) }));
    expect(posted).toHaveLength(10);
  });

  test('is tried again when the broker does not take the reply: nobody would ever see it', async () => {
    const { post } = answering({ status: 200, headers: replyHeaders }, { status: 503 });
    expect(await createRedeliver(depsWith(post))(letterWith())).toMatchObject({
      to: 'delay',
      letter: { category: 'broker_unavailable' },
    });
  });

  test('asks a dead subscriber once; the other letters wait without spending an attempt', async () => {
    const { posted, post } = answering(new CodedError('FUNCTION_UNAVAILABLE', 'It refused the connection'));
    const redeliver = createRedeliver(depsWith(post));
    const [first, ...others] = await Promise.all(
      Array.from({ length: 10 }, (_, n) => redeliver(letterWith({ id: String(n), attempts: 2 }))),
    );
    expect(posted).toHaveLength(1);
    expect(first).toMatchObject({ to: 'delay', letter: { attempts: 3 } });
    for (const other of others) expect(other).toMatchObject({ to: 'delay', letter: { attempts: 2, deferrals: 1 } });
  });

  test('is parked, with the attempts that really happened, when its destination is down for too long', async () => {
    const { post } = answering(new CodedError('FUNCTION_UNAVAILABLE', 'It refused the connection'));
    const redeliver = createRedeliver(depsWith(post));
    await redeliver(letterWith());
    expect(await redeliver(letterWith({ attempts: 3, deferrals: 20 }))).toMatchObject({
      to: 'park',
      letter: { attempts: 2, reason: expect.stringContaining('down for too long') },
    });
  });

  test('sends nothing to a destination that is not allowed', async () => {
    const { posted, post } = answering({});
    const disposition = await createRedeliver(depsWith(post))(
      letterWith({ destination: 'http://evil.example.com/', attempts: 4 }),
    );
    expect(posted).toEqual([]);
    expect(disposition).toMatchObject({
      to: 'park',
      letter: { attempts: 3, reason: expect.stringContaining('not on the allow list') },
    });
  });

  test('parks what holds no event', async () => {
    const { posted, post } = answering({});
    expect(await createRedeliver(depsWith(post))(rawLetter)).toEqual({ to: 'park', letter: rawLetter });
    expect(posted).toEqual([]);
  });

  test('leaves letters where they are when the process stops: those that wait for their turn at once', async () => {
    const stopping = new AbortController();
    const { posted, post } = answering({});
    const redeliver = createRedeliver(depsWith(post, { stopping: stopping.signal, pace: createPace(1) }));
    await redeliver(letterWith());
    const waiting = redeliver(letterWith({ id: 'other' }));
    setTimeout(() => stopping.abort(), 10);
    expect((await waiting).to).toBe('stay');
    expect(posted).toHaveLength(1);
  });

  test('and those that are under way when its time is up', async () => {
    const givingUp = new AbortController();
    const post = (): Promise<HttpAnswer> =>
      new Promise((_, reject) => {
        givingUp.signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const waiting = createRedeliver(depsWith(post, { givingUp: givingUp.signal }))(letterWith());
    setTimeout(() => givingUp.abort(), 10);
    expect((await waiting).to).toBe('stay');
  });
});
