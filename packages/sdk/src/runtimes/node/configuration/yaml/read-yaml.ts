import { beginsPlain, readBlockScalar, readDoubleQuoted, readPlain, readSingleQuoted } from './read-scalars.js';
import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from './yaml-node.js';
import { YamlSource } from './yaml-source.js';

/** Deeper things than configurations are attempts. */
const maxDepth = 64;
/** What aliases stand for, all together; an alias of aliases of aliases grows like a snowball. */
const maxAliasedNodes = 10_000;

/**
 * One document of YAML 1.2, as far as configurations use it: maps and lists as blocks and in brackets, all five forms of a text, comments, anchors and
 * aliases. Tags (`!!str`), keys that are no text (`? `), several documents in one file and what YAML 1.1 had beside (merge keys) are refused by name. Throws
 * a `YamlError` that says the line.
 */
export function readYaml(text: string): YamlNode {
  return new YamlReader(new YamlSource(text)).document();
}

class YamlReader {
  readonly #source: YamlSource;
  readonly #anchors = new Map<string, { readonly node: YamlNode; readonly size: number }>();
  #aliased = 0;
  #depth = 0;

  constructor(source: YamlSource) {
    this.#source = source;
  }

  document(): YamlNode {
    const source = this.#source;
    while (source.peek() === '%' || /^[ \t]*(#.*)?(\n|$)/.test(restOfLine(source))) {
      const end = source.text.indexOf('\n', source.pos);
      if (end < 0) {
        source.pos = source.text.length;
        break;
      }
      source.pos = end + 1;
    }
    if (/^---(?=\s|$)/.test(restOfLine(source))) source.pos += 3;
    const node = this.#below(-1, false);
    if (source.skipToContent()) source.fail('this does not belong to what stands before it: is it indented rightly?');
    if (source.peek() === '.') {
      source.pos += 3;
      source.skipToContent();
    }
    if (!source.atEnd) source.fail('a configuration is one document; a second one begins here');
    return node;
  }

  /**
   * What stands behind a key, a dash or nothing: on this line, or below it, indented by more than `parentIndent`. A list below a key may be as far in as the key.
   */
  #below(parentIndent: number, isMapValue: boolean): YamlNode {
    const source = this.#source;
    const { line } = source;
    source.skipToLineEnd();
    if (!source.atLineEnd) return this.#onThisLine(parentIndent, parentIndent < 0 ? 0 : undefined);
    const next = source.peekContent();
    if (!next) return emptyAt(line);
    const isList = isMapValue && next.indent === parentIndent && isDash(source.text, next.pos);
    if (next.indent <= parentIndent && !isList) return emptyAt(line);
    source.pos = next.pos;
    return this.#block(next.indent, parentIndent);
  }

  /** A value behind its key or dash. `compact`: so far in, a map or list may begin here as well. */
  #onThisLine(parentIndent: number, compact: number | undefined): YamlNode {
    const source = this.#source;
    if (compact !== undefined && (isDash(source.text, source.pos) || this.#isKey()))
      return this.#block(source.column, parentIndent);
    const { line } = source;
    if (source.peek() === '&') {
      const name = this.#anchorName();
      // What is anchored may be a block on the lines below.
      const node = this.#below(parentIndent, compact === undefined);
      this.#anchor(name, node);
      return node;
    }
    const node = this.#value(parentIndent, false);
    source.skipToLineEnd();
    if (!source.atLineEnd) {
      if (source.peek() === ':' && source.line === line)
        source.fail('a second ": " on one line; a text that holds one is written in quotes');
      source.fail(`"${restOfLine(source).slice(0, 20)}" stands behind the end of a value`);
    }
    return node;
  }

  /** A map, a list or a value that begins at `indent`, the first thing on its line or behind a dash. */
  #block(indent: number, parentIndent: number): YamlNode {
    const source = this.#source;
    if (/\t/.test(source.text.slice(source.pos - source.column, source.pos)))
      source.fail('a tab is no indentation in YAML; use blanks');
    if (++this.#depth > maxDepth) source.fail(`deeper than ${maxDepth} levels`);
    const node = isDash(source.text, source.pos)
      ? this.#list(indent)
      : this.#isKey()
        ? this.#map(indent)
        : this.#onThisLine(parentIndent, undefined);
    this.#depth--;
    return node;
  }

  #list(indent: number): YamlNode {
    const source = this.#source;
    const { line } = source;
    const items: YamlNode[] = [];
    do {
      source.pos++;
      source.skipToLineEnd();
      items.push(source.atLineEnd ? this.#below(indent, false) : this.#onThisLine(indent, indent));
    } while (this.#nextAt(indent) && isDash(source.text, source.pos));
    return { kind: 'list', line, items };
  }

  #map(indent: number): YamlMap {
    const source = this.#source;
    const { line } = source;
    const entries: YamlEntry[] = [];
    do {
      if (!this.#isKey()) source.fail('here a key is expected, and behind it ": "');
      const entry = this.#key();
      this.#isNew(entries, entry.key);
      source.skipBlanks();
      source.pos++;
      entries.push({ ...entry, value: this.#below(indent, true) });
    } while (this.#nextAt(indent) && !isDash(source.text, source.pos));
    return { kind: 'map', line, entries };
  }

  /** Moves to the next content where it is exactly so far in. */
  #nextAt(indent: number): boolean {
    const source = this.#source;
    const next = source.peekContent();
    if (!next || next.indent < indent) return false;
    if (next.indent > indent) source.fail('this is indented further than what it stands beside', next.pos);
    source.pos = next.pos;
    return true;
  }

  /** Whether a key and its colon stand here, on one line. */
  #isKey(): boolean {
    const source = this.#source;
    const { pos } = source;
    if (source.peek() === '?' && /\s/.test(source.peek(1)))
      source.fail('keys behind "? " are not read; write "key: value"');
    if (!/["']/.test(source.peek()) && !beginsPlain(source, false)) return false;
    const { line } = source;
    try {
      this.#key();
      source.skipBlanks();
      return source.line === line && source.peek() === ':' && (/\s/.test(source.peek(1)) || source.peek(1) === '');
    } catch {
      return false;
    } finally {
      source.pos = pos;
    }
  }

  #key(inFlow = false): Pick<YamlEntry, 'key' | 'line'> {
    const source = this.#source;
    const { line } = source;
    const key =
      source.peek() === '"'
        ? readDoubleQuoted(source)
        : source.peek() === "'"
          ? readSingleQuoted(source)
          : // Never more than a line: nothing is further in than this.
            readPlain(source, inFlow ? -1 : Number.POSITIVE_INFINITY, inFlow);
    return { key, line };
  }

  #isNew(entries: readonly YamlEntry[], key: string): void {
    if (key === '<<')
      this.#source.fail('"<<" (merge) is not of YAML 1.2; repeat the keys, or use an alias for the whole value');
    const first = entries.find((entry) => entry.key === key);
    if (first) this.#source.fail(`"${key}" stands here a second time; the first is on line ${first.line}`);
  }

  /** A text, an alias, or something in brackets. */
  #value(parentIndent: number, inFlow: boolean): YamlNode {
    const source = this.#source;
    const { line } = source;
    const scalar = (text: string, plain: boolean): YamlScalar => ({ kind: 'scalar', line, text, plain });
    switch (source.peek()) {
      case '"':
        return scalar(readDoubleQuoted(source), false);
      case "'":
        return scalar(readSingleQuoted(source), false);
      case '[':
      case '{':
        return this.#flow();
      case '*':
        return this.#alias();
      case '!':
        return source.fail('tags are not read; a text is written in quotes');
      case '|':
      case '>':
        if (!inFlow) return scalar(readBlockScalar(source, parentIndent), false);
    }
    if (!beginsPlain(source, inFlow))
      source.fail(
        isDash(source.text, source.pos)
          ? 'a list begins on the line below its key'
          : `a value cannot begin with "${source.peek()}"; write it in quotes`,
      );
    return scalar(readPlain(source, parentIndent, inFlow), true);
  }

  /** `[…]` and `{…}`. */
  #flow(): YamlNode {
    const source = this.#source;
    const { line, pos } = source;
    const isList = source.peek() === '[';
    const close = isList ? ']' : '}';
    const items: YamlNode[] = [];
    const entries: YamlEntry[] = [];
    if (++this.#depth > maxDepth) source.fail(`deeper than ${maxDepth} levels`);
    source.pos++;
    for (;;) {
      if (!source.skipToContent()) source.fail(`this ${isList ? '[' : '{'} is never closed`, pos);
      if (source.peek() === close) break;
      const entry = this.#flowEntry(isList);
      if (isList) items.push(entry.value);
      else {
        this.#isNew(entries, entry.key);
        entries.push(entry);
      }
      if (!source.skipToContent()) source.fail(`this ${isList ? '[' : '{'} is never closed`, pos);
      if (source.peek() === ',') source.pos++;
      else if (source.peek() !== close) source.fail(`"," or "${close}" is expected here`);
    }
    source.pos++;
    this.#depth--;
    return isList ? { kind: 'list', line, items } : { kind: 'map', line, entries };
  }

  /** In a list an entry with a key is a map of one. */
  #flowEntry(inList: boolean): YamlEntry {
    const source = this.#source;
    const { line, pos } = source;
    const isQuoted = /["']/.test(source.peek());
    let name: string | undefined;
    if (source.peek() === '&') name = this.#anchorName();
    if (isQuoted || beginsPlain(source, true)) {
      const { key } = this.#key(true);
      const behind = source.peekContent()?.pos;
      const next = behind === undefined ? '' : source.text.slice(behind, behind + 2);
      if (next[0] === ':' && (isQuoted || /^:(?:[\s,[\]{}]|$)/.test(next))) {
        source.pos = behind! + 1;
        const empty = !source.skipToContent() || /[,\]}]/.test(source.peek());
        const value = empty ? emptyAt(line) : this.#flowValue();
        return inList
          ? { key: '', line, value: { kind: 'map', line, entries: [{ key, line, value }] } }
          : { key, line, value };
      }
      if (!inList) return { key, line, value: emptyAt(line) };
      source.pos = pos;
      if (name) this.#anchorName();
    } else if (!inList) source.fail('here a key is expected, and behind it ": "');
    const value = this.#value(-1, true);
    if (name) this.#anchor(name, value);
    return { key: '', line, value };
  }

  #flowValue(): YamlNode {
    if (this.#source.peek() !== '&') return this.#value(-1, true);
    const name = this.#anchorName();
    const value = this.#value(-1, true);
    this.#anchor(name, value);
    return value;
  }

  #anchorName(): string {
    const source = this.#source;
    const name = /^&[^\s,[\]{}]+/.exec(restOfLine(source))?.[0] ?? source.fail('"&" needs a name');
    source.pos += name.length;
    source.skipBlanks();
    return name.slice(1);
  }

  #anchor(name: string, node: YamlNode): void {
    this.#anchors.set(name, { node, size: sizeOf(node) });
  }

  #alias(): YamlNode {
    const source = this.#source;
    const name = /^\*([^\s,[\]{}]+)/.exec(restOfLine(source))?.[1] ?? source.fail('"*" needs a name');
    const anchor = this.#anchors.get(name) ?? source.fail(`no "&${name}" stands before this alias`);
    this.#aliased += anchor.size;
    if (this.#aliased > maxAliasedNodes) source.fail('aliases stand for too much');
    source.pos += name.length + 1;
    return anchor.node;
  }
}

const emptyAt = (line: number): YamlScalar => ({ kind: 'scalar', line, text: '', plain: true });

const isDash = (text: string, pos: number): boolean => text[pos] === '-' && /^\s?$/.test(text[pos + 1] ?? '');

function restOfLine(source: YamlSource): string {
  const end = source.text.indexOf('\n', source.pos);
  return source.text.slice(source.pos, end < 0 ? undefined : end);
}

function sizeOf(node: YamlNode): number {
  if (node.kind === 'scalar') return 1;
  const children = node.kind === 'list' ? node.items : node.entries.map(({ value }) => value);
  return children.reduce((sum, child) => sum + sizeOf(child), 1);
}
