// The ConfigMap with the places, read and written: the one object that all replicas change.
import type { KubernetesClient } from '../client.ts';
import { create, get, replace } from '../verbs.ts';
import { configMaps } from './objects.ts';
import { admissionMap, fromConfigMap, toConfigMap, writtenBy } from './places-map.ts';
import type { Places } from './places.ts';

/** Without a version it is not there yet. `isStored`: these places are what stands there, and not something unreadable. */
export type StoredPlaces = {
  places: Places;
  resourceVersion: string | undefined;
  isStored: boolean;
  /** Which writing left them so. */
  mark: string | undefined;
};

export type PlacesStore = {
  read(): Promise<StoredPlaces>;
  /** Undefined when it is no longer what was read. */
  write(places: Places, resourceVersion: string | undefined, mark: string): Promise<StoredPlaces | undefined>;
};

/** @param rebuild what the places are by the jobs themselves: for a first start, and when what is written is unreadable */
export const createPlacesStore = (client: KubernetesClient, namespace: string, rebuild: () => Promise<Places>): PlacesStore => ({
  read: async () => {
    const found = await get(client, configMaps, { namespace, name: admissionMap });
    const stored = found === undefined ? undefined : fromConfigMap(found);
    const resourceVersion = found?.metadata.resourceVersion;
    const mark = found?.metadata.annotations?.[writtenBy];
    return { places: stored ?? (await rebuild()), resourceVersion, isStored: stored !== undefined, mark };
  },
  write: async (places, resourceVersion, mark) => {
    const map = toConfigMap(places, namespace, mark, resourceVersion);
    const written =
      resourceVersion === undefined
        ? await create(client, configMaps, namespace, map)
        : await replace(client, configMaps, namespace, map);
    if (typeof written === 'string') return undefined;
    return { places, resourceVersion: written.metadata.resourceVersion, isStored: true, mark };
  },
});
