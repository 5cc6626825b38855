// A function that never gives way blocks the one thread that could answer for it. A second thread watches the first one's pulse
// and cuts the function off. Starting a thread takes longer than most answers, so it is started after the first one; until then
// the same is done by node:vm, which can bound a synchronous call.
const { Script } = process.getBuiltinModule('node:vm');

/** How long after the timeout a blocked function is cut off: its own timer and signal come first. */
const marginMs = 1_000;
const bounded = Symbol('the call that node:vm bounds');

export function createWatchdog(timeoutMs, log, lifecycle) {
  const period = Math.min(1_000, Math.max(50, timeoutMs / 5));
  let script;
  let worker;

  const startWorker = () => {
    if (worker !== undefined) return;
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const pulse = new Int32Array(new SharedArrayBuffer(8));
    worker = new Worker(new URL('./watchdog-thread.mjs', import.meta.url), {
      workerData: { pulse, period, limitMs: timeoutMs + marginMs, line: log.lineAtBlock() },
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    worker.unref();
    worker.on('error', (error) => log.say('error', 'watchdog failed', { error: error.message }));
    const beat = () => {
      Atomics.add(pulse, 0, 1);
      if (Atomics.load(pulse, 1) === 1) lifecycle.blocked();
    };
    setInterval(beat, period / 2).unref();
  };

  const boundedCall = (run, execution) => {
    script ??= new Script('globalThis[Symbol.for("knative-lambda.bounded")]()');
    globalThis[Symbol.for('knative-lambda.bounded')] = () => run(execution);
    try {
      const result = script.runInThisContext({ timeout: Math.ceil(timeoutMs + marginMs) });
      // Whatever continues after an await is out of that bound.
      if (typeof result?.then === 'function') startWorker();
      return result;
    } catch (thrown) {
      if (thrown?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
        lifecycle.blocked();
        throw bounded;
      }
      throw thrown;
    } finally {
      delete globalThis[Symbol.for('knative-lambda.bounded')];
      setTimeout(startWorker, 100).unref();
    }
  };

  return {
    call: (run, execution) => (worker === undefined ? boundedCall(run, execution) : run(execution)),
    /** Whether a call ended because it was cut off. */
    cut: (thrown) => thrown === bounded,
  };
}
