// The image registry that tests run against: REGISTRY_TEST_URL, or the project's own.
import { pushImage } from './push-image.ts';
import { report, runScript, started, type Missing } from './service.ts';

export type TestRegistry = {
  /** `host:port`, as image names begin. */
  host: string;
  /** An image without layers; its digest. */
  push: (repository: string, tag: string, labels?: Record<string, string>) => Promise<string>;
};

const registryAt = async (url: string): Promise<TestRegistry | Missing> => {
  try {
    await fetch(`${url}/v2/`, { signal: AbortSignal.timeout(5_000) });
  } catch {
    return { missing: `The registry at ${url} does not answer` };
  }
  return { host: new URL(url).host, push: (repository, tag, labels = {}) => pushImage(url, repository, tag, labels) };
};

export const findRegistry = async (): Promise<TestRegistry | Missing> => {
  const given = process.env.REGISTRY_TEST_URL;
  if (given !== undefined && given !== '') return report(await registryAt(given));
  return report(await started('The registry', async () => registryAt(await runScript('registry', ['start']))));
};
