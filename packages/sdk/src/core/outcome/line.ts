/** One value's place in a line. */
export class Link<T> {
  readonly value: T;
  line: Line<T> | undefined;
  before: Link<T> | undefined;
  behind: Link<T> | undefined;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * Values in the order in which they came, from which any can leave at once. A `Set` would do, but for its first value: where thousands have come and gone, it
 * looks at the places of all that have gone.
 */
export class Line<T> {
  first: Link<T> | undefined;
  #last: Link<T> | undefined;
  size = 0;

  /** At the end, and out of the line it stood in before. */
  add(link: Link<T>): void {
    link.line?.remove(link);
    link.line = this;
    link.before = this.#last;
    if (this.#last) this.#last.behind = link;
    else this.first = link;
    this.#last = link;
    this.size++;
  }

  remove(link: Link<T>): void {
    if (link.line !== this) return;
    if (link.before) link.before.behind = link.behind;
    else this.first = link.behind;
    if (link.behind) link.behind.before = link.before;
    else this.#last = link.before;
    link.line = link.before = link.behind = undefined;
    this.size--;
  }

  /** The one that is looked at may leave meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let link = this.first; link; ) {
      const { behind } = link;
      yield link.value;
      link = behind;
    }
  }
}
