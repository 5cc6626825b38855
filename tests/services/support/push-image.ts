// Puts an image into a registry, as whoever has built it does.
import { hash } from 'node:crypto';

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

/** An image without layers. @returns its digest */
export const pushImage = async (
  url: string,
  repository: string,
  tag: string,
  labels: Record<string, string>,
): Promise<string> => {
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
