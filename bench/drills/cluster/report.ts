// The conservation count, as it is printed.
import type { Accounted, OutcomeKind } from './outcomes.ts';
import type { Findings } from './verdict.ts';

const nameOf = ({ sent }: Accounted): string => sent.planned.event.type.replace('network.notifi.lambda.', '');

const counted = (values: readonly string[]): string =>
  Object.entries(Object.groupBy(values, (value) => value))
    .map(([value, found = []]) => `${found.length} ${value}`)
    .join(', ');

const outcomeOf = ({ kinds, sent }: Accounted): OutcomeKind | 'lost' | 'two kinds' | 'not accepted' => {
  if (kinds.length > 1) return 'two kinds';
  return kinds[0] ?? (sent.accepted === 0 ? 'not accepted' : 'lost');
};

export const printEvents = (accounted: readonly Accounted[]): void => {
  const requests = accounted.reduce((sum, { sent }) => sum + sent.accepted + sent.refused.length + sent.putOff, 0);
  console.log(`\nevents ${accounted.length}, sent ${requests} times`);
  for (const name of new Set(accounted.map(nameOf))) {
    const own = accounted.filter((one) => nameOf(one) === name);
    console.log(`  ${name.padEnd(15)} ${String(own.length).padStart(4)}: ${counted(own.map(outcomeOf))}`);
  }
  const twice = accounted.filter(({ kinds }) => kinds.length > 1);
  const copied = accounted.filter(({ copies }) => copies > 0);
  console.log(`offered to a builder more than once: ${accounted.filter(({ offered }) => offered > 1).length}
  of these with two kinds of outcome: ${twice.length}${twice.map(({ sent, kinds }) => `\n    ${sent.planned.event.id}: ${kinds.join(' + ')}`).join('')}
handed over or rejected again under the same id: ${copied.length} events, ${copied.reduce((sum, { copies }) => sum + copies, 0)} copies
  (sent twice, retried after its builder died before it could answer, or handed over by two builders at once: each before removing it)`);
};

/** @returns whether nothing speaks against it */
export const printFindings = (findings: Findings): boolean => {
  console.log('');
  for (const [question, found] of Object.entries(findings)) {
    const names = found.length === 0 ? '' : `: ${found.slice(0, 12).join(', ')}${found.length > 12 ? ' …' : ''}`;
    console.log(`${question.padEnd(40)} ${found.length}${names}`);
  }
  return Object.values(findings).every((found) => found.length === 0);
};
