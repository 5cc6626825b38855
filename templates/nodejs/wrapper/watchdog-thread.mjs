// The second thread: counts how often the first one's pulse was missing. It counts its own turns and no clock, so a process that
// was frozen as a whole (a laptop asleep, a paused container) is not taken for a blocked one.
const { writeSync } = process.getBuiltinModule('node:fs');
const { Session } = process.getBuiltinModule('node:inspector');
const { setFlagsFromString } = process.getBuiltinModule('node:v8');
const { workerData } = process.getBuiltinModule('node:worker_threads');

const { pulse, period, limitMs, line } = workerData;
const turnsUntilCut = Math.ceil(limitMs / period);
/** What does not run JavaScript cannot be cut off; it gets this much longer, then the process ends. */
const turnsUntilEnd = turnsUntilCut + Math.ceil(1_000 / period);
let seen = 0;
let missing = 0;

/** Ends the running JavaScript of the main thread, as a debugger's stop button does, and tells it so. */
function cutOff() {
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution', () => {
    // A process that ends waits for its debuggers.
    session.disconnect();
    Atomics.store(pulse, 1, 1);
  });
}

function endProcess() {
  writeSync(1, `${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`);
  process.kill(process.pid, 'SIGKILL');
  // Still here: this is process 1 of a container, and the kernel keeps it from its own signals. A trap instruction ends it too.
  setFlagsFromString('--allow-natives-syntax');
  new Function('%SystemBreak()')();
}

setInterval(() => {
  const now = Atomics.load(pulse, 0);
  missing = now === seen ? missing + 1 : 0;
  seen = now;
  if (missing === turnsUntilCut) cutOff();
  if (missing === turnsUntilEnd) endProcess();
}, period);
