// The places as a ConfigMap, one line for each, so that a person can read who waits: kubectl get configmap admission -o yaml.
import { isBuildId } from '../../../core/build.ts';
import { isId } from '../../../core/function.ts';
import type { ConfigMap } from './objects.ts';
import type { Place, Places } from './places.ts';

export const admissionMap = 'admission';
/** Names one writing, so that whoever has lost the answer to it finds out that it was done. */
export const writtenBy = 'build.notifi.network/written-by';

const lines = (places: readonly Place[]): string => places.map((place) => `${JSON.stringify(place)}\n`).join('');

export const toConfigMap = (
  { admitted, queued, starts, lookedAt }: Places,
  namespace: string,
  mark: string,
  resourceVersion?: string,
): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: admissionMap,
    namespace,
    labels: {
      'app.kubernetes.io/name': 'admission',
      'app.kubernetes.io/component': 'build',
      'app.kubernetes.io/part-of': 'knative-lambda',
      'app.kubernetes.io/managed-by': 'knative-lambda',
    },
    annotations: { [writtenBy]: mark },
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  },
  data: { admitted: lines(admitted), queued: lines(queued), starts: JSON.stringify(starts), 'looked-at': String(lookedAt) },
});

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

const placeIn = (line: string): Place | undefined => {
  const { buildId, uid, tenant, priority, createdAt } = JSON.parse(line) as Record<string, unknown>;
  if (typeof buildId !== 'string' || !isBuildId(buildId) || typeof uid !== 'string' || uid === '') return undefined;
  if (typeof tenant !== 'string' || !isId(tenant) || typeof priority !== 'number' || !isTime(createdAt)) return undefined;
  return { buildId, uid, tenant, priority, createdAt };
};

const placesIn = (text: string | undefined): Place[] => {
  const places = (text ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map(placeIn);
  if (text === undefined || places.includes(undefined)) throw new Error('a place is none');
  return places as Place[];
};

/** Undefined when somebody has written something else into it: then the jobs themselves say who waits and who runs. */
export const fromConfigMap = ({ data = {} }: ConfigMap): Places | undefined => {
  try {
    const starts = JSON.parse(data.starts ?? '') as Partial<Places['starts']>;
    if (!isTime(starts.tokens) || !isTime(starts.at)) return undefined;
    const [admitted, queued] = [placesIn(data.admitted), placesIn(data.queued)];
    const lookedAt = Number(data['looked-at'] ?? 0);
    return { admitted, queued, starts: { tokens: starts.tokens, at: starts.at }, lookedAt: isTime(lookedAt) ? lookedAt : 0 };
  } catch {
    return undefined;
  }
};
