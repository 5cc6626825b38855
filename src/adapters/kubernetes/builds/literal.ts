// Text for a container that must arrive as it is.

/** Kubernetes puts variables in place of `$(NAME)` in arguments and values; `$$` is a dollar sign. */
export const literal = (text: string): string => text.replaceAll('$', '$$$$');
