// What a process and its children have used: some servers answer from workers.
import { readdirSync, readFileSync } from 'node:fs';

/** A process or thread that ends while it is looked at has used nothing more. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const tasksOf = (pid: number): string[] => readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);

function tree(pid: number): number[] {
  const children = tasksOf(pid).flatMap((task) => read(`${task}/children`).trim().split(' '));
  return [pid, ...children.filter((child) => child !== '').flatMap((child) => tree(Number(child)))];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function residentMegabytes(pid: number): number {
  return sum(tree(pid).map((one) => Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${one}/status`))?.[1] ?? 0))) / 1024;
}

/** Time on a core, of all threads that live. Unlike time on the clock, it hardly grows when others use the machine as well. */
export function processorMilliseconds(pid: number): number {
  const tasks = tree(pid).flatMap(tasksOf);
  return sum(tasks.map((task) => Number(read(`${task}/schedstat`).split(' ')[0] ?? 0))) / 1e6;
}
