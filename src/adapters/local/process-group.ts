// Child processes as groups: what a build or a function starts ends with it, and what outlived a killed platform ends at its next start.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { namesIn } from './durable-file.ts';

export type Ended = { code: number | null; signal: NodeJS.Signals | null; error?: Error };

export type ProcessGroup = {
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the leader is gone, what it left running is killed and the output is read to the end. Never rejects. */
  readonly ended: Promise<Ended>;
  /** SIGTERM to the whole group, SIGKILL after the grace period; resolves when no process of the group is left. */
  stop(graceMs: number): Promise<void>;
};

/** Where the groups that run are written down: empty files named `<pid>.<birth>`, so that none is ever half-written. */
export type ProcessFolder = string;

/** How long output may still come once the group is gone: only a process that left the group can hold the pipe longer. */
const drainMs = 2_000;

const signalGroup = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
};

/** Fields of proc(5) stat from the third (the state) on; the command's name before it may hold spaces and parentheses. */
const statOf = (pid: string | number): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];

/**
 * Linux: a group of which only zombies are left is gone. They stay for ever where nobody reaps orphans, which is so in a
 * container whose first process is this one.
 */
const onlyZombies = (group: number): boolean => {
  if (process.platform !== 'linux') return false;
  return readdirSync('/proc').every((entry) => {
    if (!/^\d+$/.test(entry)) return true;
    try {
      const [state, , processGroup] = statOf(entry);
      return Number(processGroup) !== group || state === 'Z' || state === 'X';
    } catch {
      return true;
    }
  });
};

const waitForGroup = async (pid: number, ms: number): Promise<boolean> => {
  const deadline = Date.now() + ms;
  for (let tries = 0; signalGroup(pid, 0); tries++) {
    // Looking at every process is dear: only when asking the group alone does not help.
    if (tries % 10 === 9 && onlyZombies(pid)) return true;
    if (Date.now() >= deadline) return false;
    await sleep(10);
  }
  return true;
};

const stopGroup = async (pid: number, graceMs: number): Promise<void> => {
  if (graceMs > 0 && signalGroup(pid, 'SIGTERM') && (await waitForGroup(pid, graceMs))) return;
  signalGroup(pid, 'SIGKILL');
  await waitForGroup(pid, 5_000);
};

const endOf = (child: ChildProcess): Promise<Ended> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });

/** What the leader left behind holds its pipes open, so it ends first; what escaped from the group does not hold us up for long. */
const endWithLeader = (child: ChildProcess, pid: number): void => {
  child.once('exit', () => {
    signalGroup(pid, 'SIGKILL');
    const timer = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, drainMs);
    child.once('close', () => clearTimeout(timer));
  });
};

/** The shell becomes the command only once it is told to: if we die before the group is written down, it reads an end and exits. */
const gate = ['/bin/sh', '-c', 'read -r go && exec "$@" </dev/null', 'sh'] as const;

/**
 * Starts a command as the leader of its own process group. A command that is not there ends with 127, as in a shell.
 * @param env the whole environment: nothing of this process's own is handed on
 */
export const startGroup = (
  folder: ProcessFolder,
  command: readonly [string, ...string[]],
  options: { cwd: string; env: Record<string, string> },
): ProcessGroup => {
  mkdirSync(folder, { recursive: true });
  const child = spawn(gate[0], [...gate.slice(1), ...command], { ...options, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const { pid } = child;
  const ended = endOf(child);
  // The shell may be gone before it reads: then `ended` says so.
  child.stdin.on('error', () => undefined);
  if (pid !== undefined) {
    endWithLeader(child, pid);
    const note = join(folder, `${pid}.${birthOf(pid) ?? ''}`);
    try {
      writeFileSync(note, '');
    } catch (thrown) {
      child.stdin.destroy();
      throw thrown;
    }
    child.stdin.end('\n');
    void ended.then(async () => {
      await stopGroup(pid, 0);
      rmSync(note, { force: true });
    });
  }
  return {
    pid,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    stop: async (graceMs) => {
      if (pid === undefined) return;
      await stopGroup(pid, graceMs);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
};

/** When a process began, as digits that only have to differ between two processes of one pid; undefined when it is gone. */
export const birthOf = (pid: number): string | undefined => {
  try {
    // Linux: clock ticks since boot, field 22.
    if (process.platform === 'linux') return statOf(pid)[19];
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return started === '' ? undefined : String(Date.parse(started));
  } catch {
    return undefined;
  }
};

/**
 * Ends every group that a killed platform left running, and says how many. Before anything else is started there.
 * A leader that is gone leaves its group ours: no new process gets a pid that still names a group.
 */
export const endLeftovers = async (folder: ProcessFolder): Promise<number> => {
  let count = 0;
  for (const name of await namesIn(folder)) {
    const [pid, birth] = name.split('.');
    const now = birthOf(Number(pid));
    if ((now === undefined || now === birth) && signalGroup(Number(pid), 0)) {
      await stopGroup(Number(pid), 0);
      count++;
    }
    rmSync(join(folder, name), { force: true });
  }
  return count;
};
