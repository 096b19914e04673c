/**
 * What may stand at a place of a configuration, as data. The names and bounds are those of opentelemetry-configuration's JSON schema; `orNull`: the key alone, without a
 * value, is allowed too.
 */
export type Schema =
  | { readonly is: 'text' | 'boolean'; readonly orNull?: true }
  | { readonly is: 'whole' | 'number'; readonly least?: number; readonly most?: number; readonly orNull?: true }
  | { readonly is: 'word'; readonly of: readonly string[]; readonly orNull?: true }
  | { readonly is: 'list'; readonly of: Place; readonly least?: number }
  | MapSchema
  | ComponentSchema
  /** A value of an attribute: a text, number or boolean, or a list of such of one kind. */
  | { readonly is: 'attribute' }
  /** A map of anything. */
  | { readonly is: 'properties' };

export interface MapSchema {
  readonly is: 'map';
  readonly keys: Readonly<Record<string, Place>>;
  readonly needs?: readonly string[];
  readonly orNull?: true;
  /** Other keys are left alone, unless they are nearly one of these. */
  readonly open?: true;
}

/** A map of one key, which names a component; one that is not among `kinds` is a plugin's. `type`: what plugins of it are registered as. */
export interface ComponentSchema {
  readonly is: 'component';
  /** Absent: there are no plugins of this kind. */
  readonly type?: string;
  readonly kinds: Readonly<Record<string, Place>>;
}

/** A schema, or how to get it where it contains itself. */
export type Place = Schema | (() => Schema);
