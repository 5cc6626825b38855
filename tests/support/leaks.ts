// What a platform took from the machine, and whether it gave it back. Seen from outside, through /proc: a process that is asked
// about its own leaks does not know of the children that it lost.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const read = (path: string): Promise<string> => readFile(path, 'latin1').catch(() => '');

/** Processes that work in the folder, or were started with it: builds, functions, and whatever those started. */
export const processesIn = async (folder: string): Promise<string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    const [cwd, command] = [await readlink(`/proc/${pid}/cwd`).catch(() => ''), await read(`/proc/${pid}/cmdline`)];
    if (cwd.startsWith(folder) || command.includes(folder)) found.push(`${pid}: ${command.replaceAll('\0', ' ').trim()}`);
  }
  return found;
};

/** Everything that the process holds open, as /proc calls it: `socket:[…]`, `pipe:[…]`, or a path. */
export const openFiles = async (pid: number): Promise<string[]> => {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target !== '');
};

/** The most memory that the process has held so far, in bytes. */
export const peakMemory = async (pid: number): Promise<number> => {
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+) kB/.exec(await read(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes) * 1024;
};

/** When the process began, in clock ticks since the machine did: a process id alone may be given away again. */
export const startOf = async (pid: number): Promise<string | undefined> =>
  // The name stands in parentheses and may hold spaces; the 22nd field is the 20th behind it (proc_pid_stat(5)).
  (await read(`/proc/${pid}/stat`)).split(') ').at(-1)?.split(' ')[19];

export const answersOn = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

/** Asks until the answer is an empty list; @returns what is left when the time is over. */
export const untilNothing = async (ask: () => Promise<string[]>, withinMs = 10_000): Promise<string[]> => {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const left = await ask();
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(50);
  }
};
