// Pods of a build, as the API server shows them.
import type { Pod } from '../../../src/build-monitor/pod.ts';
import { jobUid } from './fake-api-server.ts';

type State = NonNullable<NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]['state']>;

export const digest = `sha256:${'a'.repeat(64)}`;
export const startedAt = '2026-01-02T03:04:05Z';
export const finishedAt = '2026-01-02T03:05:05Z';

/** @param extra of metadata and status, beside the kaniko container's state */
export const podWith = (state: State | undefined, extra: { metadata?: Pod['metadata']; status?: Pod['status'] } = {}): Pod => ({
  metadata: { ownerReferences: [{ kind: 'Job', uid: jobUid }], ...extra.metadata },
  status: { ...(state === undefined ? {} : { containerStatuses: [{ name: 'kaniko', state }] }), ...extra.status },
});

export const waiting = (reason?: string, message?: string): Pod =>
  podWith({ waiting: { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) } });
export const running = (): Pod => podWith({ running: { startedAt } });
export const ended = (exitCode: number, message = '', extra: Parameters<typeof podWith>[1] = {}, reason = 'Error'): Pod =>
  podWith({ terminated: { exitCode, message, startedAt, finishedAt, reason: exitCode === 0 ? 'Completed' : reason } }, extra);
export const completed = (): Pod => ended(0, digest);
export const deleting = { metadata: { deletionTimestamp: finishedAt } };
