// What Linux knows of a running process (proc(5)).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const ticksPerSecond = 100;

/** Processor time of all its threads, in seconds, to a hundredth. */
export const cpuSeconds = (pid: number): number => {
  // The second field is the name, in parentheses, and may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

const statusField = (pid: number | 'self', name: string): number => {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(match?.[1]) * 1024;
};

/** Bytes of memory it holds now. */
export const residentBytes = (pid: number | 'self'): number => statusField(pid, 'VmRSS');

/** The most bytes of memory it ever held. */
export const peakBytes = (pid: number | 'self'): number => statusField(pid, 'VmHWM');

/** How many sockets it has open, those of its standard output among them; 0 when it is gone. */
export const openSockets = (pid: number): number => {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).filter((name) => readlinkSync(`${folder}/${name}`).startsWith('socket:')).length;
  } catch {
    return 0;
  }
};
