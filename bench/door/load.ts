// One kind of request at full speed against one server, for a few seconds.
import autocannon from 'autocannon';
import { cpuSeconds } from '../support/process-facts.ts';
import type { Message } from './messages.ts';

export type Load = { requestsPerSecond: number; /** Of the server, for one request. */ cpuMicroseconds: number };

const connections = 100;

/** @throws when one answer had another status than expected: the speed of another answer would be no result */
export const load = async (
  server: { url: string; pid: number },
  { headers, body }: Message,
  expected: number,
  seconds: number,
): Promise<Load> => {
  const cpuBefore = cpuSeconds(server.pid);
  const result = await autocannon({
    url: `${server.url}/cloudevents`,
    method: 'POST',
    headers,
    body,
    connections,
    duration: seconds,
  });
  const cpu = cpuSeconds(server.pid) - cpuBefore;
  const answers = result.statusCodeStats?.[`${expected}`]?.count ?? 0;
  const total = result['2xx'] + result.non2xx;
  if (result.errors > 0 || answers !== total)
    throw new Error(`${result.errors} errors, and ${total - answers} of ${total} answers were not ${expected}`);
  return { requestsPerSecond: total / result.duration, cpuMicroseconds: (cpu / total) * 1e6 };
};
