// One process of a function: started, asked until it is ready, called, stopped. It never outlives its group.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../../core/errors.ts';
import type { HttpMessage } from '../../../core/http-binding.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { Reply } from '../../../ports.ts';
import { callFunction, isReady, type Address } from './function-call.ts';
import { readOutput } from './function-output.ts';
import { startGroup, type Ended, type ProcessFolder } from '../process-group.ts';

export type InstancePlan = {
  /** The unpacked image: the process's working folder. */
  readonly folder: string;
  readonly command: readonly [string, ...string[]];
  /** All of it: nothing of the platform's own is handed on. */
  readonly environment: Record<string, string>;
  readonly readyTimeoutMs: number;
  readonly callTimeoutMs: number;
};

export type Instance = {
  /** Resolves at the first 200 of `GET /readyz`. Rejects with a CodedError whose message says why not, once no process is left. */
  readonly ready: Promise<void>;
  /** How it ended, in words, when no process of it is left. */
  readonly ended: Promise<string>;
  /** Only after `ready`. */
  call(message: HttpMessage, signal: AbortSignal): Promise<Reply>;
  answers(timeoutMs: number): Promise<boolean>;
  /** SIGTERM, and SIGKILL to the whole group after the grace period. */
  stop(graceMs: number): Promise<void>;
};

/** Shorter than any server's keep-alive time: a connection is never used at the moment its other end closes it. */
const idleConnectionMs = 2_000;
const askAgainMs = 25;
const oneAnswerMs = 1_000;

const wordsOf = ({ code, signal, error }: Ended): string => {
  if (error !== undefined) return `could not be started (${'code' in error ? String(error.code) : error.message})`;
  return signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`;
};

export const startInstance = (processes: ProcessFolder, plan: InstancePlan, logger: Logger): Instance => {
  const group = startGroup(processes, plan.command, { cwd: plan.folder, env: plan.environment });
  const output = readOutput(group.stdout, group.stderr, logger.child({ pid: group.pid }));
  const agent = new Agent({ keepAlive: true, timeout: idleConnectionMs });
  let address: Address | undefined;
  const ended = group.ended.then((how) => {
    agent.destroy();
    return wordsOf(how);
  });

  const untilReady = async (given: AbortSignal): Promise<'ready'> => {
    address = { port: await output.listening, agent };
    while (!given.aborted && !(await isReady(address, oneAnswerMs))) await sleep(askAgainMs);
    return 'ready';
  };
  const becomeReady = async (): Promise<void> => {
    const over = new AbortController();
    const late = sleep(plan.readyTimeoutMs, 'late' as const, { signal: over.signal }).catch(() => 'late' as const);
    const first = await Promise.race([untilReady(over.signal), late, ended.then(() => 'ended' as const)]);
    over.abort();
    if (first === 'ready') return;
    if (first === 'late') await group.stop(0);
    const why = first === 'late' ? `was not ready after ${plan.readyTimeoutMs / 1000} s` : await ended;
    throw new CodedError('FUNCTION_UNAVAILABLE', `The function ${why}. Its last words:\n${output.tail() || '(none)'}`);
  };

  const ready = becomeReady();
  // Who stops an instance need not ask whether it ever was ready.
  ready.catch(() => undefined);
  return {
    ready,
    ended,
    call: (message, signal) => {
      if (address === undefined) throw new Error('an instance is called only once it is ready');
      return callFunction(address, message, plan.callTimeoutMs, signal);
    },
    answers: async (timeoutMs) => address !== undefined && (await isReady(address, timeoutMs)),
    stop: async (graceMs) => {
      await group.stop(graceMs);
      await ended;
    },
  };
};
