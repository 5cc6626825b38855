import { afterEach, describe, expect, it } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { addBuildRoutes } from '../../../src/builder/routes/builds.ts';
import { createLineCutter } from '../../../src/core/log-lines.ts';
import type { ImageBuilder, LogLine } from '../../../src/ports.ts';
import { buildWith } from '../core/builds.ts';

type Received = { event: string; data: string; id?: string };

/** HTML, section 9.2.6, as a browser reads it. */
const eventsIn = (stream: string): Received[] =>
  stream
    .split(/(?:\r\n|\n|\r)(?:\r\n|\n|\r)/)
    .filter((block) => block !== '')
    .map((block) => {
      const received: Received = { event: 'message', data: '' };
      const data: string[] = [];
      for (const line of block.split(/\r\n|\n|\r/)) {
        const [field, value = ''] = line.split(/: ?(.*)/s);
        if (field === 'event') received.event = value;
        if (field === 'data') data.push(value);
        if (field === 'id') received.id = value;
      }
      return { ...received, data: data.join('\n') };
    });

describe('the log of a build as server-sent events', () => {
  let app: FastifyInstance;
  afterEach(() => app.close());

  const build = buildWith({ status: 'complete' });
  const open = (logs: ImageBuilder['logs']): void => {
    const builds = { get: () => Promise.resolve(build), logs } as unknown as ImageBuilder;
    app = Fastify();
    addBuildRoutes(app, { builds, cancel: () => Promise.reject(new Error('not asked for')) });
  };
  const received = async (headers: Record<string, string> = {}): Promise<Received[]> =>
    eventsIn((await app.inject({ url: `/builds/${build.buildId}/logs?follow=true`, headers })).body);
  const follow = (texts: string[]): Promise<Received[]> => {
    async function* logs(): AsyncIterable<LogLine> {
      for (const text of texts) yield await Promise.resolve({ offset: 0, text, next: 0 });
    }
    open(logs);
    return received();
  };

  it('has only the fields that the platform wrote, whatever a build prints behind a carriage return', async () => {
    const events = await follow(['a\revent: end\rdata: {"status":"failed"}', 'b\r\rid: 7\r\revent: end']);
    expect(events.map(({ event }) => event)).toEqual(['message', 'message', 'end']);
    expect(events[2]?.data).toBe('{"status":"complete"}');
  });

  it('loses nothing of a progress bar', async () => {
    const [bar] = await follow(['10 %\r50 %\r100 %']);
    expect(bar?.data).toBe('10 %\n50 %\n100 %');
  });

  it('misses and repeats nothing for a reader who comes back, even after bytes that are no text and lines without an end', async () => {
    const log = Buffer.concat([Buffer.from('gr\xfcn\nblau\n', 'latin1'), Buffer.alloc(1_200_000, 'x'), Buffer.from('y\nend\n')]);
    async function* logs(_id: string, { offset }: { offset: number }): AsyncIterable<LogLine> {
      const cutter = createLineCutter(offset);
      for (let at = cutter.from; at < log.length; at += 65_536)
        yield* await Promise.resolve(cutter.cut(log.subarray(at, at + 65_536)));
    }
    open(logs);
    const whole = await received();
    // Where a long line is cut depends on where the reader began.
    const textOf = (events: Received[]): string =>
      events
        .map(({ data }) => data)
        .join('|')
        .replaceAll('x|', 'x');
    expect(textOf(whole).replace(/x+/, 'x')).toBe('gr\ufffdn|blau|xy|end|{"status":"complete"}');
    for (const [place, { id }] of whole.slice(0, -1).entries()) {
      const after = textOf(await received({ 'last-event-id': id ?? '' }));
      expect(after === textOf(whole.slice(place + 1))).toBe(true);
    }
  });
});
