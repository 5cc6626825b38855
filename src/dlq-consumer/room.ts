// Room in memory for deliveries. A subscriber may take a minute to answer, and fifty letters can be half a gigabyte: large ones are
// under way a few at a time. Only what is under way counts: what waits for room waits in RabbitMQ.

export type Room = {
  /** What to call when the letter is on its way no more; undefined when there is no room for it now. */
  enter(bytes: number): (() => void) | undefined;
};

/** Fifty of these are no trouble. */
const smallBytes = 65_536;

/**
 * @param limit bytes of large letters under way; a single one may be larger, it is then the only one
 * @param uncounted up to so many bytes a letter is small
 */
export const createRoom = (limit: number, uncounted = smallBytes): Room => {
  let taken = 0;
  return {
    enter: (bytes) => {
      const counted = bytes <= uncounted ? 0 : bytes;
      if (counted > 0 && taken > 0 && taken + counted > limit) return undefined;
      taken += counted;
      return () => void (taken -= counted);
    },
  };
};
