import { describe, expect, test } from '@jest/globals';
import { createPlacesLedger, type PlacesLedger } from '../../../../src/adapters/kubernetes/builds/places-ledger.ts';
import type { PlacesStore, StoredPlaces } from '../../../../src/adapters/kubernetes/builds/places-store.ts';
import type { Place, Places } from '../../../../src/adapters/kubernetes/builds/places.ts';

const empty: Places = { admitted: [], queued: [], starts: { tokens: 0, at: 0 }, lookedAt: 0 };

type Shelf = PlacesStore & { stands: () => StoredPlaces; writes: number; reads: number };

/** One object with a version, as the API server keeps it. `lose` says whether the answer to a writing that was done is lost. */
const createShelf = (lose: (write: number) => boolean = () => false): Shelf => {
  let stands: StoredPlaces = { places: empty, resourceVersion: '0', isStored: true, mark: undefined };
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
  const shelf: Shelf = {
    writes: 0,
    reads: 0,
    stands: () => stands,
    read: async () => {
      shelf.reads++;
      await turn();
      return stands;
    },
    write: async (places, resourceVersion, mark) => {
      await turn();
      if (resourceVersion !== stands.resourceVersion) return undefined;
      stands = { places, resourceVersion: String(Number(resourceVersion) + 1), isStored: true, mark };
      return lose(++shelf.writes) ? undefined : stands;
    },
  };
  return shelf;
};

const queue = (ledger: PlacesLedger, uid: string): Promise<number> => {
  const place: Place = { buildId: '0'.repeat(16), uid, tenant: 't', priority: 5, createdAt: 0 };
  return ledger.change((places) => ({ places: { ...places, queued: [...places.queued, place] }, result: places.queued.length }));
};

describe('decisions about the places', () => {
  test('of many replicas have one order, and none is lost', async () => {
    const shelf = createShelf();
    const seen = await Promise.all(
      Array.from({ length: 12 }, (_, replica) => {
        const ledger = createPlacesLedger(shelf);
        return Promise.all([queue(ledger, `${replica}-a`), queue(ledger, `${replica}-b`)]);
      }),
    );
    expect(seen.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, index) => index));
    expect(new Set(shelf.stands().places.queued.map(({ uid }) => uid)).size).toBe(24);
  });

  test('that wait in one process are written together, without reading what it has written itself', async () => {
    const shelf = createShelf();
    const ledger = createPlacesLedger(shelf);
    await queue(ledger, 'first');
    await Promise.all(Array.from({ length: 10 }, (_, index) => queue(ledger, String(index))));
    expect(shelf.reads).toBe(1);
    expect(shelf.writes).toBeLessThanOrEqual(3);
    expect(shelf.stands().places.queued).toHaveLength(11);
  });

  test('that were written although the answer was lost are not taken twice', async () => {
    const shelf = createShelf((write) => write === 1);
    expect(await queue(createPlacesLedger(shelf), 'once')).toBe(0);
    expect(shelf.stands().places.queued.map(({ uid }) => uid)).toEqual(['once']);
  });

  test('to change nothing are taken by what stands there now', async () => {
    const shelf = createShelf();
    const [one, other] = [createPlacesLedger(shelf), createPlacesLedger(shelf)];
    await queue(one, 'a');
    await queue(other, 'b');
    expect(await one.change((places) => ({ places, result: places.queued.length }))).toBe(2);
    expect(shelf.writes).toBe(2);
  });

  test('fail together when nothing can be written, and the next one begins anew', async () => {
    const shelf = createShelf();
    let isDown = true;
    const ledger = createPlacesLedger({ ...shelf, read: () => (isDown ? Promise.reject(new Error('down')) : shelf.read()) });
    await expect(Promise.all([queue(ledger, 'a'), queue(ledger, 'b')])).rejects.toThrow('down');
    isDown = false;
    expect(await queue(ledger, 'c')).toBe(0);
  });

  test('write over what is unreadable, even to change nothing', async () => {
    const shelf = createShelf();
    const ledger = createPlacesLedger({ ...shelf, read: async () => ({ ...(await shelf.read()), isStored: shelf.writes > 0 }) });
    await ledger.change((places) => ({ places, result: undefined }));
    expect(shelf.writes).toBe(1);
  });
});
