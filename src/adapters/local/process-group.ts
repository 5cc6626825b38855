// Child processes as groups: what a build or a function starts ends with it, and what outlived a killed platform ends at its next start.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { namesIn } from './durable-file.ts';

export type Ended = { code: number | null; signal: NodeJS.Signals | null; error?: Error };

export type ProcessGroup = {
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the leader is gone and its output is read to the end. Never rejects. */
  readonly ended: Promise<Ended>;
  /** SIGTERM to the whole group, SIGKILL after the grace period; resolves when no process of the group is left. */
  stop(graceMs: number): Promise<void>;
};

/** Where the groups that run are written down: empty files named `<pid>.<birth>`, so that none is ever half-written. */
export type ProcessFolder = string;

const signalGroup = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
};

const waitForGroup = async (pid: number, ms: number): Promise<boolean> => {
  const deadline = Date.now() + ms;
  while (signalGroup(pid, 0)) {
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

/**
 * Starts a command as the leader of its own process group.
 * @param env the whole environment: nothing of this process's own is handed on
 */
export const startGroup = (
  folder: ProcessFolder,
  command: readonly [string, ...string[]],
  options: { cwd: string; env: Record<string, string> },
): ProcessGroup => {
  const child = spawn(command[0], command.slice(1), { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  const ended = endOf(child);
  if (pid !== undefined) {
    const note = join(folder, `${pid}.${birthOf(pid) ?? ''}`);
    mkdirSync(folder, { recursive: true });
    // Before anything is awaited: a group that is not written down could outlive us unseen.
    writeFileSync(note, '');
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
const birthOf = (pid: number): string | undefined => {
  try {
    // Linux: clock ticks since boot, field 22 of proc(5) stat; the command's name before it may hold spaces and parentheses.
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
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
