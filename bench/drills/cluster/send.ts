// Sends the events: to the broker, which takes each, or to a builder itself, which is asked again for as long as it says "not now".
import { setTimeout as sleep } from 'node:timers/promises';
import { writeEvent, writeStructured, type HttpMessage } from '../../../src/core/http-binding.ts';
import type { Chance } from './chance.ts';
import type { Contacts } from './contacts.ts';
import type { Planned } from './planned.ts';

export type Sent = {
  planned: Planned;
  /** How often it was promised to be handled. */
  accepted: number;
  /** Codes of the refusals for good. */
  refused: string[];
  /** Answers "not now", and none at all. */
  putOff: number;
};

type Deps = { broker: string; choose: () => string | undefined; contacts: Contacts; chance: Chance };

const patienceMs = 300_000;
const longestPauseMs = 3_000;

const messageOf = ({ event, raw }: Planned, chance: Chance): HttpMessage => {
  if (raw !== undefined) return { headers: raw.headers, body: Buffer.from(raw.body) };
  return chance.next() < 0.5 ? writeEvent(event) : writeStructured(event);
};

type Answer = { status: number; code: string; retryAfterMs: number };

const post = async (url: string, { headers, body }: HttpMessage): Promise<Answer | undefined> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(60_000),
    });
    const { code = '' } = (await response.json().catch(() => ({}))) as { code?: string };
    return { status: response.status, code, retryAfterMs: Number(response.headers.get('retry-after') ?? 0) * 1000 };
  } catch {
    return undefined;
  }
};

const isFinal = ({ status }: Answer): boolean => status < 500 && status !== 429;

const sendDirectly = async (sent: Sent, { choose, contacts, chance }: Deps): Promise<void> => {
  const message = messageOf(sent.planned, chance);
  for (const begun = performance.now(); performance.now() - begun < patienceMs; sent.putOff++) {
    const address = choose();
    if (address !== undefined) {
      contacts.count(sent.planned.event);
      const answer = await post(`${address}/cloudevents`, message);
      if (answer !== undefined && isFinal(answer)) {
        if (answer.status < 300) sent.accepted++;
        else sent.refused.push(answer.code);
        return;
      }
      await sleep(Math.min(answer?.retryAfterMs ?? 0, longestPauseMs));
    }
    await sleep(chance.between(200, 800));
  }
};

const sendToBroker = async (sent: Sent, { broker, chance }: Deps): Promise<void> => {
  const answer = await post(broker, messageOf(sent.planned, chance));
  if (answer?.status !== 202) throw new Error(`The broker of the drill answered ${answer?.status ?? 'nothing'}`);
  sent.accepted++;
};

/** Resolves when each has been sent as often as planned and got its last answer. */
export const sendAll = async (planned: readonly Planned[], deps: Deps): Promise<Sent[]> => {
  const sendings = planned.map(async (one): Promise<Sent> => {
    const sent: Sent = { planned: one, accepted: 0, refused: [], putOff: 0 };
    await Promise.all(
      one.at.map(async (ms) => {
        await sleep(ms);
        await (one.way === 'broker' ? sendToBroker(sent, deps) : sendDirectly(sent, deps));
      }),
    );
    return sent;
  });
  return Promise.all(sendings);
};
