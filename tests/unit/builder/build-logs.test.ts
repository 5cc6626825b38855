import { afterEach, describe, expect, it } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { addBuildRoutes } from '../../../src/builder/routes/builds.ts';
import type { ImageBuilder } from '../../../src/ports.ts';
import { buildWith } from '../core/builds.ts';

type Received = { event: string; data: string };

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
      }
      return { ...received, data: data.join('\n') };
    });

describe('the log of a build as server-sent events', () => {
  let app: FastifyInstance;
  afterEach(() => app.close());

  const follow = async (texts: string[]): Promise<Received[]> => {
    async function* logs(): AsyncIterable<{ offset: number; text: string }> {
      for (const text of texts) yield await Promise.resolve({ offset: 0, text });
    }
    const build = buildWith({ status: 'complete' });
    const builds = { get: () => Promise.resolve(build), logs } as unknown as ImageBuilder;
    app = Fastify();
    addBuildRoutes(app, { builds, cancel: () => Promise.reject(new Error('not asked for')) });
    return eventsIn((await app.inject(`/builds/${build.buildId}/logs?follow=true`)).body);
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
});
