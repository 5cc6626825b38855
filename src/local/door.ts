// How the in-process broker reaches the builder: by HTTP, through the same door as everybody.
import type { CloudEvent } from '../core/cloudevent.ts';
import { writeEvent } from '../core/http-binding.ts';
import type { Reply } from '../ports.ts';

/** Longer than any answer takes that waits for its turn to be packed. */
const timeoutMs = 60_000;

/** @param address where the server listens, known only once it does */
export const createDoor =
  (address: () => string) =>
  async (event: CloudEvent, signal: AbortSignal): Promise<Reply> => {
    const { headers, body } = writeEvent(event);
    const response = await fetch(`${address()}/cloudevents?delivery=broker`, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    };
  };
