// The smallest function: it gets the event's data and its context, and what it returns is the reply.
export function handle(data, context) {
  return { parsed: true, contextId: context.contextId ?? null, received: data };
}
