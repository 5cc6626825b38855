export const handle = (_context, { data: { parameters } }) => ({ block: parameters.blockId, logs: parameters.logIndices.length });
