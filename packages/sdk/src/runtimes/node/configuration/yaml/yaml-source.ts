import { YamlError } from './yaml-node.js';

/** The text of a document, and how far it has been read. */
export class YamlSource {
  readonly text: string;
  pos = 0;
  readonly #lineStarts: readonly number[];

  constructor(text: string) {
    // A byte order mark is no content.
    this.text = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
    const starts = [0];
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
  }

  lineAt(pos: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= pos) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  get line(): number {
    return this.lineAt(this.pos);
  }

  /** Characters before this one in its line. */
  get column(): number {
    return this.pos - this.#lineStarts[this.line - 1]!;
  }

  /** The next character, or one further on; empty at the end. */
  peek(ahead = 0): string {
    return this.text[this.pos + ahead] ?? '';
  }

  get atEnd(): boolean {
    return this.pos >= this.text.length;
  }

  fail(message: string, pos = this.pos): never {
    throw new YamlError(this.lineAt(pos), message);
  }

  /** Over blanks of this line. */
  skipBlanks(): void {
    while (this.peek() === ' ' || this.peek() === '\t') this.pos++;
  }

  /** Over blanks and a comment, to the end of the line. */
  skipToLineEnd(): void {
    const from = this.pos;
    this.skipBlanks();
    if (this.peek() === '#' && (this.pos > from || this.column === 0)) {
      const end = this.text.indexOf('\n', this.pos);
      this.pos = end < 0 ? this.text.length : end;
    }
  }

  get atLineEnd(): boolean {
    return this.atEnd || this.peek() === '\n';
  }

  /** Over empty lines and comments, to the next content: `true` where there is any before the document ends. */
  skipToContent(): boolean {
    for (;;) {
      this.skipToLineEnd();
      if (this.atEnd) return false;
      if (this.peek() !== '\n') return !this.#isDocumentEnd();
      this.pos++;
    }
  }

  /** What the next line with content begins with, without moving there. */
  peekContent(): { readonly pos: number; readonly indent: number } | undefined {
    const { pos } = this;
    const found = this.skipToContent() ? { pos: this.pos, indent: this.column } : undefined;
    this.pos = pos;
    return found;
  }

  /** `---` and `...` at the beginning of a line. */
  #isDocumentEnd(): boolean {
    return this.column === 0 && /^(?:---|\.\.\.)(?=\s|$)/.test(this.text.slice(this.pos, this.pos + 4));
  }
}
