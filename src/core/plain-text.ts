/** One line without control characters: it is logged, listed and handed on as a header. */
export const plainText = (text: string, maxLength: number): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, maxLength);
