// A whole process with nothing in it but a local function platform, for what can only be seen from outside: it dies, or it ends by itself.
import { createLocalFunctionPlatform } from '../../src/adapters/local/functions/function-platform.ts';
import { createLogger } from '../../src/ops/logger.ts';
import type { FunctionSpec } from '../../src/ports.ts';
import { eventOf } from './function-events.ts';

const [dataDir = '', folder = '', spec = '', then = ''] = process.argv.slice(2);
const { ref, ...rest } = JSON.parse(spec) as FunctionSpec;

const platform = await createLocalFunctionPlatform(
  {
    imageFolder: () => Promise.resolve(folder),
    startCommand: () => Promise.resolve([process.execPath, 'server.mjs']),
    logger: await createLogger({ level: 'silent', pretty: false, name: 'test' }),
  },
  { dataDir, publicUrl: () => '', environment: {} },
);
await platform.apply({ ref, ...rest });
const reply = await platform.invoke(ref, eventOf({}), new AbortController().signal);
process.stdout.write(`${reply.body.toString('utf8')}\n`);
if (then === 'close') await platform.close();
