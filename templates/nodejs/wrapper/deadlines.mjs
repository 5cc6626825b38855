// One timer for all executions: they all have the same time, so the one that began first is late first. A timer for each would be
// made and thrown away for every event, most of which take less than a thousandth of it.

/**
 * @template {{ expiresAt: number }} T
 * @param {number} timeoutMs
 * @param {(late: T) => void} expire
 */
export function createDeadlines(timeoutMs, expire) {
  /** in the order in which they began @type {Set<T>} */
  const waiting = new Set();
  let armed = false;

  const arm = (delay) => {
    armed = true;
    setTimeout(check, Math.max(1, Math.ceil(delay)));
  };
  function check() {
    armed = false;
    const now = performance.now();
    for (const first of waiting) {
      if (first.expiresAt > now) return arm(first.expiresAt - now);
      waiting.delete(first);
      expire(first);
    }
  }
  return {
    /** @param {T} execution */
    add: (execution) => {
      waiting.add(execution);
      if (!armed) arm(timeoutMs);
    },
    /** @returns {boolean} whether it was still waited for */
    remove: (execution) => waiting.delete(execution),
  };
}
