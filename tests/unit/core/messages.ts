// HTTP messages as they arrive: what is written here is read through the same door as everything else.
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { readRequest, type HttpMessage, type Received } from '../../../src/core/http-binding.ts';

export const nothing = Buffer.alloc(0);

export const minimal = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };

export const receive = ({ headers, body }: HttpMessage): Received =>
  readRequest(Object.entries(headers).flat(), headers['content-type'], body);

/** The one event of a message that is no batch. */
export const single = (message: HttpMessage): CloudEvent => {
  const received = receive(message);
  if (received.mode === 'batch') throw new Error('A batch was not expected');
  return received.event;
};

export const binary = (headers: Record<string, string>, body: Buffer = nothing): CloudEvent =>
  single({ headers: { ...minimal, ...headers }, body });

export const structured = (event: unknown, contentType = 'application/cloudevents+json'): CloudEvent =>
  single({ headers: { 'content-type': contentType }, body: Buffer.from(JSON.stringify(event)) });
