// A broker by its address: it takes an event by answering 2xx.
import { CodedError } from '../../core/errors.ts';
import type { EventSink } from '../../ports.ts';
import type { EventPoster } from './post-event.ts';

/** What speaks of the sender, the address or the moment, and not of the event: it may be taken later. */
const mayHeal = new Set([401, 403, 404, 407, 408, 409, 429]);

const refusalOf = (status: number): CodedError =>
  status >= 400 && status < 500 && !mayHeal.has(status)
    ? new CodedError('EVENT_REFUSED', `The broker answered ${status}`)
    : new CodedError('BROKER_UNAVAILABLE', `The broker answered ${status}`);

export const createHttpEventSink = (poster: Pick<EventPoster, 'post'>, url: URL, timeoutMs: number): EventSink => ({
  publish: async (event) => {
    let status: number;
    try {
      ({ status } = await poster.post(url, event, timeoutMs));
    } catch (cause) {
      throw new CodedError('BROKER_UNAVAILABLE', 'The broker does not answer', { cause });
    }
    if (status < 200 || status > 299) throw refusalOf(status);
    // Over HTTP a broker says that it takes the event, not whether it has had it before.
    return 'owed';
  },
});
