// For what happens in its own time: asked again and again, and named when it does not come.
import { setTimeout as sleep } from 'node:timers/promises';

export const waitUntil = async (holds: () => boolean | Promise<boolean>, what: string, deadlineMs = 20_000): Promise<void> => {
  const deadline = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await sleep(15);
  }
};
