/** Where in a file an object of a model came from. */
export interface Origin {
  readonly file: string | undefined;
  readonly path: string;
  readonly line: number;
  /** Lines of its keys. */
  readonly lines: ReadonlyMap<string, number>;
}

const origins = new WeakMap<object, Origin>();

/** Beside the model, not in it: a model may be put together from several files, or by hand. */
export const setOrigin = (object: object, origin: Origin): void => void origins.set(object, origin);

export const originOf = (object: unknown): Origin | undefined =>
  typeof object === 'object' && object !== null ? origins.get(object) : undefined;
