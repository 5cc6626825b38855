// The image registry that tests run against: REGISTRY_TEST_URL, or the project's own.
import { hash } from 'node:crypto';
import { report, runScript, started, type Missing } from './service.ts';

export type TestRegistry = {
  /** `host:port`, as image names begin. */
  host: string;
  /** An image without layers; its digest. */
  push: (repository: string, tag: string, labels?: Record<string, string>) => Promise<string>;
};

const expectStatus = async (response: Response, status: number): Promise<Response> => {
  if (response.status !== status) throw new Error(`The registry answered ${response.status}: ${await response.text()}`);
  return response;
};

const upload = async (url: string, repository: string, blob: Buffer): Promise<string> => {
  const digest = `sha256:${hash('sha256', blob)}`;
  const begun = await expectStatus(await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' }), 202);
  const target = new URL(begun.headers.get('location') ?? '', url);
  target.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  await expectStatus(await fetch(target, { method: 'PUT', headers, body: new Uint8Array(blob) }), 201);
  return digest;
};

const mediaType = 'application/vnd.oci.image.manifest.v1+json';

const push = async (url: string, repository: string, tag: string, labels: Record<string, string>): Promise<string> => {
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Labels: labels }, rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const digest = await upload(url, repository, config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
    layers: [],
  });
  const headers = { 'content-type': mediaType };
  await expectStatus(await fetch(`${url}/v2/${repository}/manifests/${tag}`, { method: 'PUT', headers, body: manifest }), 201);
  return `sha256:${hash('sha256', manifest)}`;
};

const registryAt = async (url: string): Promise<TestRegistry | Missing> => {
  try {
    await fetch(`${url}/v2/`, { signal: AbortSignal.timeout(5_000) });
  } catch {
    return { missing: `The registry at ${url} does not answer` };
  }
  return { host: new URL(url).host, push: (repository, tag, labels = {}) => push(url, repository, tag, labels) };
};

export const findRegistry = async (): Promise<TestRegistry | Missing> => {
  const given = process.env.REGISTRY_TEST_URL;
  if (given !== undefined && given !== '') return report(await registryAt(given));
  return report(await started('The registry', async () => registryAt(await runScript('registry', ['start']))));
};
