// What a function can throw is anything at all; here it becomes words.

/** A message that reaches a sender or the scheduler is cut to this many characters. */
const longestMessage = 512;

export function cut(text) {
  if (text.length <= longestMessage) return text;
  return Array.from(text.slice(0, 2 * longestMessage))
    .slice(0, longestMessage)
    .join('');
}

function inWords(thrown) {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  if (typeof thrown === 'object' && thrown !== null && typeof thrown.message === 'string') return thrown.message;
  return typeof thrown === 'object' ? JSON.stringify(thrown) : String(thrown);
}

/** For a sender: one sentence, no stack. */
export function messageOf(thrown) {
  try {
    return cut(inWords(thrown) ?? 'the function threw something without a message');
  } catch {
    return 'the function threw something that cannot be read';
  }
}

/** For the log: with the stack and the cause, when there are any. */
export function describe(thrown) {
  try {
    if (!(thrown instanceof Error)) return messageOf(thrown);
    const cause = thrown.cause === undefined ? '' : `\ncaused by: ${messageOf(thrown.cause)}`;
    return `${thrown.stack ?? thrown.message}${cause}`;
  } catch {
    return messageOf(thrown);
  }
}

/** An error is permanent when it says so; everything else may heal. */
export function isPermanent(thrown) {
  try {
    return thrown?.retryable === false;
  } catch {
    return false;
  }
}
