// Configuration → function → server → signals. A function that cannot be loaded never listens, so it is never ready.
import { createCallback } from './callback.mjs';
import { readConfiguration } from './configuration.mjs';
import { createExecutor } from './execute.mjs';
import { describe } from './failure.mjs';
import { installLifecycle } from './lifecycle.mjs';
import { loadFunction } from './load-function.mjs';
import { createLog } from './log.mjs';
import { createMetrics } from './metrics.mjs';
import { captureOutput } from './output.mjs';
import { createServer } from './server.mjs';
import { createWatchdog } from './watchdog.mjs';

/** Everything between the function and the wire. compile.sh runs it, too, so that its code is in the compile cache. */
export function createApplication(handle, configuration, log, lifecycle) {
  const metrics = createMetrics();
  const watchdog = createWatchdog(configuration.timeoutMs, log, lifecycle);
  const callback = createCallback(configuration, log);
  const execute = createExecutor({ handle, configuration, log, metrics, watchdog, callback });
  return { metrics, server: createServer({ configuration, log, metrics, lifecycle, execute }) };
}

async function load(log) {
  try {
    return await loadFunction();
  } catch (thrown) {
    return log.end('function could not be loaded', { error: describe(thrown) });
  }
}

export async function start() {
  const configuration = readConfiguration(process.env);
  const log = createLog(configuration);
  if (configuration.problems.length > 0) return log.end('configuration is invalid', { problems: configuration.problems });
  captureOutput(log);
  const lifecycle = installLifecycle(log, configuration.drainSeconds);
  const { metrics, server } = createApplication(await load(log), configuration, log, lifecycle);
  server.on('connection', lifecycle.connected);
  server.on('error', (error) => log.end('cannot listen', { error: error.message }));
  // Named, a host is looked up by node:dns, which is loaded for it; all interfaces are what is listened on without a name.
  const host = configuration.host === '0.0.0.0' ? undefined : configuration.host;
  server.listen(configuration.port, host, () => {
    const startup = process.uptime();
    metrics.started(startup);
    log.always('info', 'listening', { port: server.address().port, startup_ms: Math.round(startup * 1000) });
  });
}
