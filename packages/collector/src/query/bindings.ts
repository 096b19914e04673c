import type { QueryParameter } from '../store/store.js';

/**
 * Collects the values of one statement. `bind` gives the text that stands for the value in the SQL, so that nothing a
 * user wrote is ever part of it.
 */
export interface Bindings {
  bind(type: string, value: QueryParameter): string;
  readonly params: Readonly<Record<string, QueryParameter>>;
}

export function createBindings(): Bindings {
  const params: Record<string, QueryParameter> = {};
  let count = 0;
  return {
    params,
    bind(type, value) {
      const name = `p${count++}`;
      params[name] = value;
      return `{${name}:${type}}`;
    },
  };
}
