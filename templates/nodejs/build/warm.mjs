// Loads the function and runs the wrapper once around a stand-in, so that Node's compile cache holds the code of both when the first
// start comes. A function that can never be loaded fails its build here; one that only misses its surroundings does not.
import { request } from 'node:http';
import { enableCompileCache, flushCompileCache } from 'node:module';

const environment = { PORT: '0', HOST: '127.0.0.1', FUNCTION_TENANT: 'build', FUNCTION_NAME: 'build', LOG_LEVEL: 'error' };
const unresolved = new Set([
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
]);
/** A module that never finishes loading must not hold a build. */
const patienceMs = 20_000;

enableCompileCache(`${process.cwd()}/compile-cache`);
const { createApplication, createLog, loadFunction, readConfiguration } = await import('../wrapper/whole.mjs');

function end(code, message) {
  if (message !== undefined) process.stderr.write(`${message}\n`);
  process.exit(code);
}

/** A module that does not compile, as against one that parses something while it loads: the engine is on top of the stack. */
const doesNotCompile = (error) =>
  error instanceof SyntaxError && /^ {4}at .*node:internal\//.test(/^ {4}at .*$/m.exec(error.stack)?.[0] ?? '');

async function loadOnce() {
  const late = setTimeout(
    () => end(0, `the function was still loading after ${patienceMs / 1000} seconds; it will start without a compile cache`),
    patienceMs,
  );
  try {
    await loadFunction();
  } catch (error) {
    if (/^the source exports/.test(error?.message)) end(1, error.message);
    // Node's own report names the file, the line and the place in it.
    if (doesNotCompile(error) || unresolved.has(error?.code)) throw error;
    process.stderr.write(`the function could not be loaded during the build, which may be right:\n${error?.stack ?? error}\n`);
  }
  clearTimeout(late);
}

function post(port, headers, body) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', method: 'POST', headers, agent: false }, (response) => {
      response.resume().on('end', resolve);
    });
    outgoing.on('error', reject).end(body);
  });
}

async function runWrapperOnce() {
  const lifecycle = { stopping: () => false, took: () => undefined, gave: () => undefined, blocked: () => undefined };
  const configuration = readConfiguration(environment);
  const { server } = createApplication((data) => data, configuration, createLog(configuration), lifecycle);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const event = {
    'ce-specversion': '1.0',
    'ce-id': '1',
    'ce-source': 'build',
    'ce-type': 'build',
    'content-type': 'application/json',
  };
  await post(port, event, '{"a":1}');
  await post(
    port,
    { 'content-type': 'application/cloudevents+json' },
    JSON.stringify({ specversion: '1.0', id: '1', source: 'a', type: 'b', data: {} }),
  );
}

await loadOnce();
await runWrapperOnce();
flushCompileCache();
end(0);
