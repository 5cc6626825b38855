// The Kubernetes API as the monitor sees it on the wire: a pod to be watched, its log, and a job to be read and patched.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../../src/build-monitor/pod.ts';
import { selfSignedCertificate, type Certificate } from '../../support/self-signed-certificate.ts';

export type FakeJob = {
  metadata: { name: string; uid: string; deletionTimestamp?: string; annotations: Record<string, string> };
  status: { conditions: { type: string; status: string; reason?: string }[] };
};

export const jobUid = 'the-uid-of-the-job';
const podPath = '/api/v1/namespaces/builds/pods';

export type FakeApiServer = Awaited<ReturnType<typeof startFakeApiServer>>;

type State = {
  pod: Pod | undefined;
  log: string;
  job: FakeJob | undefined;
  token: string;
  /** What is answered instead, by method and path; a number is a status. */
  refuse: (request: { method: string; path: string }) => number | undefined;
  /** How long a patch is on its way before it is carried out. */
  patchMs: (annotations: string) => number;
  requests: { method: string; path: string; at: number; body: string }[];
  watches: Set<ServerResponse>;
};

const answer = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
const refusal = (response: ServerResponse, code: number, message: string): void =>
  answer(response, code, { kind: 'Status', code, message });

const applyPatch = (job: FakeJob, text: string): number => {
  const { metadata } = JSON.parse(text) as { metadata: { uid?: string; annotations: Record<string, string | null> } };
  if (metadata.uid !== undefined && metadata.uid !== job.metadata.uid) return 422;
  for (const [name, value] of Object.entries(metadata.annotations)) {
    if (value === null) Reflect.deleteProperty(job.metadata.annotations, name);
    else job.metadata.annotations[name] = value;
  }
  return 200;
};

const watch = (state: State, response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  if (state.pod !== undefined) response.write(`${JSON.stringify({ type: 'ADDED', object: state.pod })}\n`);
  state.watches.add(response);
  response.on('close', () => state.watches.delete(response));
};

const answerForJob = async (state: State, method: string, body: string, response: ServerResponse): Promise<void> => {
  if (method === 'PATCH') await sleep(state.patchMs(body));
  const { job } = state;
  if (job === undefined) {
    refusal(response, 404, 'not found');
    return;
  }
  const status = method === 'PATCH' ? applyPatch(job, body) : 200;
  if (status === 200) answer(response, 200, job);
  else refusal(response, status, `Job "${job.metadata.name}" is invalid: metadata.uid: Invalid value: field is immutable`);
};

const handle = (state: State, request: IncomingMessage, body: string, response: ServerResponse): void => {
  const { method = '', url = '', headers } = request;
  const { pathname: path } = new URL(url, 'https://fake');
  state.requests.push({ method, path, at: performance.now(), body });
  const status = headers.authorization === `Bearer ${state.token}` ? state.refuse({ method, path }) : 401;
  const { job } = state;
  if (status !== undefined) refusal(response, status, 'refused');
  else if (path === podPath) watch(state, response);
  else if (path === `${podPath}/pod/log`) response.writeHead(200, { 'content-type': 'text/plain' }).end(state.log);
  else if (job !== undefined && path === `/apis/batch/v1/namespaces/builds/jobs/${job.metadata.name}`)
    void answerForJob(state, method, body, response);
  else refusal(response, 404, 'not found');
};

const listen = async (state: State, { key, certificate }: Certificate, port: number): Promise<Server> => {
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handle(state, request, Buffer.concat(chunks).toString(), response));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

export const startFakeApiServer = async (jobName: string) => {
  const identity = selfSignedCertificate('fake-api-server');
  const credentialsFolder = await mkdtemp(join(tmpdir(), 'credentials-'));
  const state: State = {
    pod: undefined,
    log: '',
    job: { metadata: { name: jobName, uid: jobUid, annotations: {} }, status: { conditions: [] } },
    token: 'token-1',
    refuse: () => undefined,
    patchMs: () => 0,
    requests: [],
    watches: new Set(),
  };
  await writeFile(join(credentialsFolder, 'ca.crt'), identity.certificate);
  await writeFile(join(credentialsFolder, 'token'), 'token-1\n');
  let server = await listen(state, identity, 0);
  const { port } = server.address() as AddressInfo;
  const tell = (type: string, object: unknown): void => {
    for (const watch of state.watches) watch.write(`${JSON.stringify({ type, object })}\n`);
  };
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return {
    state,
    port,
    credentialsFolder,
    /** The pod changes. */
    setPod: (pod: Pod): void => {
      state.pod = pod;
      tell('MODIFIED', pod);
    },
    tell,
    endWatches: (): void => {
      for (const watch of state.watches) watch.end();
    },
    rotateToken: async (token: string): Promise<void> => {
      state.token = token;
      await writeFile(join(credentialsFolder, 'token'), token);
    },
    patches: (): Record<string, string | null>[] =>
      state.requests
        .filter(({ method }) => method === 'PATCH')
        .map(
          ({ body }) => (JSON.parse(body) as { metadata: { annotations: Record<string, string | null> } }).metadata.annotations,
        ),
    stop,
    start: async (): Promise<void> => void (server = await listen(state, identity, port)),
    close: async (): Promise<void> => {
      if (server.listening) await stop();
      await rm(credentialsFolder, { recursive: true });
    },
  };
};
