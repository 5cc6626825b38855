// One circuit for each destination: a dead one costs a probe, not a storm, and a live one is given more the longer it answers.

export type CircuitOptions = {
  /** Requests to one destination at once, when it has shown that it answers. */
  maxConcurrent: number;
  /** How long a letter waits for its turn before it makes room for others. */
  patienceMs: number;
  /** The first time that a failing destination is left alone; doubled each time, up to the longest. */
  openMs: number;
  maxOpenMs: number;
};

export type Pass = {
  succeeded(): void;
  /** @param retryAfterMs how long the destination itself asks to be left alone */
  failed(retryAfterMs?: number): void;
  /** Nothing was sent after all. */
  unused(): void;
};

/** Refused: nothing is to be sent now; worth another look in that many milliseconds. */
export type Admission = { pass: Pass } | { refusedMs: number };

type Circuit = {
  /** Requests allowed at once: 1 for a destination that is new or came back, doubled by each success. */
  window: number;
  active: number;
  /** In a row, since the last success. */
  failures: number;
  /** Whether it has ever answered: then a single failure is no proof. */
  proven: boolean;
  openings: number;
  openUntil: number;
  waiting: Set<() => void>;
  usedAt: number;
};

export type CircuitStates = { closed: number; open: number; half_open: number };

export type Circuits = {
  enter(destination: string): Promise<Admission>;
  states(): CircuitStates;
};

const failuresToOpen = 5;
/** Destinations that are remembered; of more, those that were not used for longest are forgotten. */
const maxKnown = 1_000;

const fresh = (): Circuit => ({
  window: 1,
  active: 0,
  failures: 0,
  proven: false,
  openings: 0,
  openUntil: 0,
  waiting: new Set(),
  usedAt: 0,
});

const wakeAll = ({ waiting }: Circuit): void => {
  for (const wake of [...waiting]) wake();
};

const succeed = (circuit: Circuit, options: CircuitOptions): void => {
  circuit.active--;
  circuit.failures = 0;
  circuit.openings = 0;
  circuit.openUntil = 0;
  circuit.proven = true;
  circuit.window = Math.min(options.maxConcurrent, circuit.window * 2);
  wakeAll(circuit);
};

const fail = (circuit: Circuit, options: CircuitOptions, now: number, retryAfterMs: number): void => {
  circuit.active--;
  circuit.failures++;
  circuit.window = 1;
  if (retryAfterMs > 0) circuit.openUntil = Math.max(circuit.openUntil, now + Math.min(retryAfterMs, options.maxOpenMs));
  // One request may still be under way when the circuit opens; its failure does not make the pause longer.
  if (circuit.openUntil <= now && (!circuit.proven || circuit.failures >= failuresToOpen)) {
    circuit.openUntil = now + Math.min(options.maxOpenMs, options.openMs * 2 ** Math.min(circuit.openings, 20));
    circuit.openings++;
  }
  wakeAll(circuit);
};

/** Until something changes, or the deadline. */
const change = (circuit: Circuit, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      circuit.waiting.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    circuit.waiting.add(wake);
  });

const stateOf = (circuit: Circuit, now: number): keyof CircuitStates => {
  if (circuit.openUntil > now) return 'open';
  return circuit.openings > 0 ? 'half_open' : 'closed';
};

export const createCircuits = (options: CircuitOptions, clock: () => number = Date.now): Circuits => {
  const circuits = new Map<string, Circuit>();

  const forgetSome = (): void => {
    if (circuits.size <= maxKnown) return;
    const idle = [...circuits].filter(([, { active, waiting }]) => active === 0 && waiting.size === 0);
    for (const [name] of idle.sort(([, a], [, b]) => a.usedAt - b.usedAt).slice(0, maxKnown / 10)) circuits.delete(name);
  };
  const find = (destination: string): Circuit => {
    const known = circuits.get(destination);
    if (known !== undefined) return known;
    forgetSome();
    const circuit = fresh();
    circuits.set(destination, circuit);
    return circuit;
  };
  const passThrough = (circuit: Circuit): Admission => {
    circuit.active++;
    return {
      pass: {
        succeeded: () => succeed(circuit, options),
        failed: (retryAfterMs = 0) => fail(circuit, options, clock(), retryAfterMs),
        unused: () => {
          circuit.active--;
          wakeAll(circuit);
        },
      },
    };
  };

  return {
    enter: async (destination) => {
      const circuit = find(destination);
      const deadline = clock() + options.patienceMs;
      for (;;) {
        const now = (circuit.usedAt = clock());
        if (circuit.openUntil > now) return { refusedMs: circuit.openUntil - now };
        if (circuit.active < circuit.window) return passThrough(circuit);
        if (now >= deadline) return { refusedMs: options.patienceMs };
        await change(circuit, deadline - now);
      }
    },
    states: () => {
      const states: CircuitStates = { closed: 0, open: 0, half_open: 0 };
      for (const circuit of circuits.values()) states[stateOf(circuit, clock())]++;
      return states;
    },
  };
};
