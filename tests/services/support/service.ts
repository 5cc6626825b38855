// A server that tests run against: one that the environment names, or the project's own, which is left running for the next test file.
import { describe, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const scripts = join(import.meta.dirname, '../../../scripts/services');

export type Missing = { missing: string };

/** What the script prints. Building a server for the first time takes minutes. */
export const runScript = async (
  name: string,
  parameters: readonly string[],
  environment: Record<string, string> = {},
): Promise<string> => {
  const options = { timeout: 1_200_000, env: { ...process.env, ...environment } };
  const { stdout } = await run(join(scripts, `${name}.sh`), parameters, options);
  return stdout.trim();
};

export const started = async <T>(what: string, start: () => Promise<T>): Promise<T | Missing> => {
  try {
    return await start();
  } catch (error) {
    return { missing: `${what} can't be started: ${error instanceof Error ? error.message : String(error)}` };
  }
};

/** Skipped with the reason; where services are required, a failure. */
export const report = <T extends object>(found: T | Missing): T | Missing => {
  if (!('missing' in found)) return found;
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(found.missing);
  console.warn(`skipped: ${found.missing}`);
  return found;
};

/** The suite, if what it needs is there. */
export const describeWith = <T extends object>(found: T | Missing, name: string, suite: (service: T) => void): void => {
  // A file without a test counts as failed.
  if ('missing' in found) describe.skip(name, () => test('needs a server', () => undefined));
  else describe(name, () => suite(found));
};
