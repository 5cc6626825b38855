// What a test took from the machine. A suite ends by asking whether all of it was given back: a function that leaves a
// process behind would do so on a user's laptop after every code change.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
const ports = new Set<number>();
const processGroups = new Set<number>();

export async function temporaryFolder(purpose: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `template-${purpose}-`));
  folders.add(folder);
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

export function notePort(port: number): void {
  ports.add(port);
}

/** Every function is the leader of its own process group, so its children are found even when it died first. */
export function noteProcessGroup(leader: number): void {
  processGroups.add(leader);
}

export function groupIsAlive(leader: number): boolean {
  try {
    process.kill(-leader, 0);
    return true;
  } catch {
    return false;
  }
}

export function portAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

/** Everything that was taken and not given back, in words; an empty list is what a suite must end with. */
export async function whatIsLeft(): Promise<string[]> {
  const left: string[] = [];
  for (const leader of processGroups) if (groupIsAlive(leader)) left.push(`process group ${leader}`);
  for (const port of ports) if (await portAnswers(port)) left.push(`port ${port}`);
  for (const folder of folders) if (existsSync(folder)) left.push(`folder ${folder}`);
  return left;
}

// A test run that is interrupted must not leave functions running.
process.on('exit', () => {
  for (const leader of processGroups) {
    try {
      process.kill(-leader, 'SIGKILL');
    } catch {
      // gone already
    }
  }
});
