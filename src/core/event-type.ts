// By itself, so that a process that only emits events does not load the schemas of those that are accepted.

/** Every event type of the platform's own begins with it. */
export const typePrefix = 'network.notifi.lambda.';
