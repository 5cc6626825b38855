export function handle({ parameters }) {
  return { block: parameters.blockId, logs: parameters.logIndices.length };
}
