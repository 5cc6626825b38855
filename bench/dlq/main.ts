// npm run bench:dlq [-- --rounds 5 --letters 20000]: the bundled consumer against bare loops of the client library, on one RabbitMQ, in
// this one run; then what parked letters cost. No number here fails anything.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { startBrokerNode } from '../support/broker-node.ts';
import { chooseCores } from '../support/cores.ts';
import { table } from '../support/report.ts';
import { measureParked } from './parked.ts';
import { startSink } from './sink.ts';
import { measureThroughput } from './throughput.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    letters: { type: 'string', default: '20000' },
  },
});

const cores = chooseCores();
const broker = await startBrokerNode(23_672);
const sink = await startSink();
try {
  const effort = { rounds: Number(values.rounds), letters: Number(values.letters) };
  const rows = [
    ...(effort.rounds > 0 ? await measureThroughput(cores, broker.url, sink, effort) : []),
    ...(await measureParked(cores, broker.url, sink.address)),
  ];
  const where = cores.pinned ? 'the process on one core; RabbitMQ and the sink on the other' : 'NOT pinned to cores';
  console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${where}\n`);
  console.log(table(rows));
} finally {
  await sink.close();
  await broker.command('wipe');
}
