/** One line without control characters: it is logged, listed and handed on as a header. */
export const plainText = (text: string, maxLength: number): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, maxLength);

/**
 * Text without colours, cursor moves and titles. Whatever a build prints may be hostile: each part ends where the next could begin, so this
 * reads its text once, which Node's `stripVTControlCharacters` does not.
 */
export const withoutTerminalCodes = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b(?:\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g, '');
