/** The value of a header that may appear once: a getter's one value, or the only one of its list; else `undefined`. */
export const only = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.length === 1 ? value[0] : undefined;
