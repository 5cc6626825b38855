import { describe, expect, test } from '@jest/globals';
import type { ConsumeMessage } from 'amqplib';
import { carryOut } from '../../../../src/adapters/rabbitmq/carry-out.ts';
import { letterFromMessage, messageFromLetter } from '../../../../src/adapters/rabbitmq/letter-message.ts';
import { parkedMessage, recordOf } from '../../../../src/adapters/rabbitmq/parked-records.ts';
import { queueNames } from '../../../../src/adapters/rabbitmq/topology.ts';
import type { Disposition } from '../../../../src/core/letter-flow.ts';
import { letterWith, now } from '../../dlq-consumer/letters.ts';
import { fakeSession } from './sessions.ts';
import { throughWire } from './wire.ts';

const names = queueNames({ prefix: 'q', delaysMs: [] });

const told = async (disposition: Disposition): Promise<unknown[]> => {
  const { session, published } = fakeSession();
  await carryOut(session.publisher, names, disposition);
  return published.map(({ message }) => recordOf(throughWire(message) as ConsumeMessage, now));
};

describe('a redriven letter that is done', () => {
  const redrive = { run: 'run-1', from: 12 };

  test('was delivered, or is with the broker: that is not the same', async () => {
    expect(await told({ to: 'done', letter: letterWith({ redrive }) })).toMatchObject([
      { kind: 'left', place: 12, departure: 'delivered', run: 'run-1', byBroker: false },
    ]);
    expect(await told({ to: 'done', letter: letterWith({ redrive }), byBroker: true })).toMatchObject([
      { kind: 'left', place: 12, departure: 'handed_to_broker', run: 'run-1', byBroker: false },
    ]);
  });

  test('and came back from the broker is told of once it is with a subscriber, and takes no letter off the list', async () => {
    const letter = letterWith({ redrive: { run: 'run-1' } });
    expect(await told({ to: 'done', letter, byBroker: true })).toEqual([]);
    expect(await told({ to: 'done', letter })).toMatchObject([{ place: -1, departure: 'delivered', byBroker: true }]);
  });

  test('is known by that also when it is parked', () => {
    const record = (more: object) =>
      recordOf(throughWire(parkedMessage(messageFromLetter(letterWith(more)))) as ConsumeMessage, now);
    expect(record({ redrive: { run: 'run-1' } })).toMatchObject({ run: 'run-1', byBroker: true });
    expect(record({ redrive })).toMatchObject({ run: 'run-1', byBroker: false });
    expect(letterFromMessage(throughWire(messageFromLetter(letterWith({ redrive: { run: 'run-1' } }))), now).redrive).toEqual({
      run: 'run-1',
    });
  });
});
