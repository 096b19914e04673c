import type { Attributes } from '@opentelemetry/api';
import { unknown } from './byte-table.js';

/** What becomes of the values of one key before they name a series; `undefined`: the key is left out. The same for the same value, always. */
export type Shape = (value: unknown) => unknown;

/** The shape of a key; `undefined`: its values stay as they are. */
export type ShapeOf = (key: string) => Shape | undefined;

const nothing = {};
/** Values of a branch that are looked through one by one: a map of so few costs more memory, and no less time. */
const maxFew = 8;

/**
 * Attributes on the way to their series: after those that came before, `key` leads on by its value. Where only one value was ever seen there is no
 * list, and for few of them no map.
 */
class Branch {
  readonly key: string;
  /** Whose attributes end here, before `key`. */
  series: number;
  /** Of keys whose values are not taken as they are: what they become leads on, and no value comes "last". */
  readonly shape: Shape | undefined;
  /** The value that came last (or the only one), and where it leads. */
  value: unknown = nothing;
  next: Branch | number = unknown;
  /** A value and where it leads, and so on; where there are more than a few, a map of them. */
  few: unknown[] | undefined = undefined;
  values: Map<unknown, Branch | number> | undefined = undefined;
  /** The same place with another key. */
  other: Branch | undefined = undefined;

  constructor(key: string, series: number, shape: Shape | undefined) {
    this.key = key;
    this.series = series;
    this.shape = shape;
  }

  lead(value: unknown): Branch | number | undefined {
    if (value === this.value) return this.next;
    const { few } = this;
    if (few === undefined) return this.values?.get(value);
    for (let i = 0; i < few.length; i += 2) if (few[i] === value) return few[i + 1] as Branch | number;
    return undefined;
  }

  set(value: unknown, next: Branch | number): void {
    if (this.shape || (this.value !== nothing && this.value !== value)) {
      if (!this.few && !this.values) this.few = this.shape ? [] : [this.value, this.next];
    }
    this.#list(value, next);
    if (this.shape) return;
    this.value = value;
    this.next = next;
  }

  #list(value: unknown, next: Branch | number): void {
    const { few } = this;
    if (few) {
      for (let i = 0; i < few.length; i += 2) {
        if (few[i] !== value) continue;
        few[i + 1] = next;
        return;
      }
      // `NaN` is found by maps alone.
      if (few.length < maxFew * 2 && !Number.isNaN(value)) this.few = [...few, value, next];
      else {
        this.few = undefined;
        this.values = new Map();
        for (let i = 0; i < few.length; i += 2) this.values.set(few[i], few[i + 1] as Branch | number);
      }
    }
    this.values?.set(value, next);
  }
}

/**
 * Remembers which series attributes belong to, by what they hold and not by which object they are: nothing is hashed, sorted or allocated for
 * attributes that were seen before, in any object, and an object that was changed meanwhile is another one. One walk from key to key; the value
 * that came last is looked at first. The same attributes in another order are another way to the same series. A key that is left out leads on with
 * whatever value it has, so that users or addresses which name no series need no way each.
 */
export class AttributePaths {
  #root: Branch | number = unknown;
  #left: number;
  readonly #shapeOf: ShapeOf | undefined;

  /** `limit`: ways remembered at most. */
  constructor(limit: number, shapeOf?: ShapeOf) {
    this.#left = limit;
    this.#shapeOf = shapeOf;
  }

  /** `unknown` for attributes that were not remembered. */
  find(attributes: Attributes | undefined): number {
    let at = this.#root;
    for (const key in attributes) {
      if (typeof at === 'number') return unknown;
      let branch: Branch = at;
      while (branch.key !== key) {
        if (branch.other === undefined) return unknown;
        branch = branch.other;
      }
      const value = attributes[key];
      if (value === branch.value) at = branch.next;
      else {
        const { shape } = branch;
        const next = branch.lead(shape ? shape(value) : value);
        if (next === undefined) return unknown;
        if (!shape) {
          branch.value = value;
          branch.next = next;
        }
        at = next;
      }
    }
    return typeof at === 'number' ? at : at.series;
  }

  /** From now on these attributes are those of `series`, if they can be remembered: primitives of their own. */
  remember(attributes: Attributes | undefined, series: number): void {
    const path: unknown[] = [];
    for (const key in attributes) {
      const shape = this.#shapeOf?.(key);
      const value = shape ? shape(attributes[key]) : attributes[key];
      if (!Object.hasOwn(attributes, key) || (typeof value === 'object' && value !== null)) return;
      path.push(key, value);
    }
    if (this.#left-- > 0) this.#root = this.#extended(this.#root, path, 0, series);
  }

  /** `at` with a way for the rest of `path`. */
  #extended(at: Branch | number, path: readonly unknown[], i: number, series: number): Branch | number {
    if (i === path.length) {
      if (typeof at === 'number') return series;
      at.series = series;
      return at;
    }
    const key = path[i] as string;
    const shape = this.#shapeOf?.(key);
    const first = typeof at === 'number' ? new Branch(key, at, shape) : at;
    let branch = first;
    while (branch.key !== key) {
      branch.other ??= new Branch(key, unknown, shape);
      branch = branch.other;
    }
    const value = path[i + 1];
    branch.set(value, this.#extended(branch.lead(value) ?? unknown, path, i + 2, series));
    return first;
  }
}
