import type { YamlSource } from './yaml-source.js';

/*
 * The forms in which YAML writes a text (specification of YAML 1.2.2, chapters 7.3 and 8.1). Each reads from where the source stands, and leaves it behind the last
 * character of the scalar.
 */

/** Whether a plain scalar may begin here. `- x`, `? x` and `: x` begin something else. */
export function beginsPlain(source: YamlSource, inFlow: boolean): boolean {
  const first = source.peek();
  if (/[-?:]/.test(first)) return isPlainPart(source.peek(1), inFlow);
  return first !== '' && !/[\s,[\]{}#&*!|>'"%@`]/.test(first);
}

const isPlainPart = (char: string, inFlow: boolean): boolean =>
  char !== '' && !/\s/.test(char) && !(inFlow && /[,[\]{}]/.test(char));

/** A text without quotes. It goes on in lines that are indented by more than `parentIndent`, anyhow in brackets; line ends are then blanks. */
export function readPlain(source: YamlSource, parentIndent: number, inFlow: boolean): string {
  let text = readPlainLine(source, inFlow);
  for (;;) {
    const { pos } = source;
    source.skipBlanks();
    if (source.peek() !== '\n') {
      source.pos = pos;
      return text;
    }
    const before = source.line;
    source.pos++;
    // Not over a comment: behind it nothing goes on.
    while (/[ \t\n]/.test(source.peek())) source.pos++;
    const goesOn =
      !source.atEnd &&
      source.peek() !== '#' &&
      (inFlow || source.column > parentIndent) &&
      source.peekContent()?.pos === source.pos;
    const next = goesOn ? readPlainLine(source, inFlow) : '';
    if (!next) {
      source.pos = pos;
      return text;
    }
    text += foldOf(source.line - before) + next;
  }
}

/** One line end is a blank; of several, all but the first stay. */
const foldOf = (lineEnds: number): string => (lineEnds > 1 ? '\n'.repeat(lineEnds - 1) : ' ');

function readPlainLine(source: YamlSource, inFlow: boolean): string {
  const from = source.pos;
  for (; !source.atLineEnd; source.pos++) {
    const char = source.peek();
    if (char === ':' && !isPlainPart(source.peek(1), inFlow)) break;
    if (char === '#' && /[ \t]/.test(source.peek(-1))) break;
    if (inFlow && /[,[\]{}]/.test(char)) break;
  }
  const text = source.text.slice(from, source.pos).trimEnd();
  source.pos = from + text.length;
  return text;
}

export function readSingleQuoted(source: YamlSource): string {
  return readQuoted(source, (char) => (char === "'" && source.peek() === "'" ? source.text[source.pos++] : undefined));
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
const escapeDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

export function readDoubleQuoted(source: YamlSource): string {
  return readQuoted(source, (char) => {
    if (char !== '\\') return undefined;
    const letter = source.text[source.pos++] ?? '';
    if (letter === '\n') {
      while (/[ \t]/.test(source.peek())) source.pos++;
      return '';
    }
    const length = escapeDigits[letter];
    if (length) {
      const digits = source.text.slice(source.pos, source.pos + length);
      const code = /^[\da-f]+$/i.test(digits) && digits.length === length ? Number.parseInt(digits, 16) : Infinity;
      if (code > 0x10ffff) source.fail(`\\${letter} needs ${length} hex digits of a character`);
      source.pos += length;
      return String.fromCodePoint(code);
    }
    if (/[ "/\\]/.test(letter)) return letter;
    return (
      escapes[letter] ?? source.fail(`"\\${letter}" is no escape; a backslash of the text itself is written "\\\\"`)
    );
  });
}

/** `special` says what a character, which is behind the source already, stands for where that is not itself. */
function readQuoted(source: YamlSource, special: (char: string) => string | undefined): string {
  const from = source.pos;
  const quote = source.peek();
  source.pos++;
  let text = '';
  /** So much of it was escaped, and no line end takes blanks of it away. */
  let kept = 0;
  for (;;) {
    if (source.atEnd) source.fail(`the quote ${quote} of this text is never closed`, from);
    const char = source.peek();
    source.pos++;
    const stands = special(char);
    if (stands !== undefined) {
      text += stands;
      kept = text.length;
    } else if (char === quote) return text;
    else if (char === '\n') {
      let lineEnds = 1;
      for (; /[ \t\n]/.test(source.peek()); source.pos++) if (source.peek() === '\n') lineEnds++;
      text = text.slice(0, kept) + text.slice(kept).replace(/[ \t]+$/, '') + foldOf(lineEnds);
      kept = text.length;
    } else text += char;
  }
}

/** `|` and `>`: what stands below, indented by more than `parentIndent`. */
export function readBlockScalar(source: YamlSource, parentIndent: number): string {
  const folded = source.peek() === '>';
  const header = /^[|>](?:([1-9])([-+])?|([-+])([1-9])?)?(?=[ \t]*(?:[ \t]#.*)?(?:\n|$))/.exec(
    source.text.slice(source.pos, source.pos + 200).split('\n', 1)[0]!,
  );
  if (!header)
    source.fail(`behind ${source.peek()} stand at most a digit, - or +, and the text begins on the next line`);
  const chomp = header[2] ?? header[3];
  const digit = header[1] ?? header[4];
  source.pos += header[0].length;
  source.skipToLineEnd();
  let indent = digit ? Math.max(parentIndent, 0) + Number(digit) : undefined;
  const lines: string[] = [];
  while (!source.atEnd) {
    const start = source.pos + 1;
    const newline = source.text.indexOf('\n', start);
    const end = newline < 0 ? source.text.length : newline;
    if (start > source.text.length) break;
    const line = source.text.slice(start, end);
    const isBlank = /^ *$/.test(line);
    if (!isBlank) {
      const spaces = /^ */.exec(line)![0].length;
      indent ??= Math.max(spaces, parentIndent + 1);
      if (spaces < indent) break;
    }
    // What is blank beyond the indentation is text.
    lines.push(line.slice(indent ?? line.length));
    source.pos = end;
  }
  let trailing = 0;
  while (lines.length && lines.at(-1) === '') {
    lines.pop();
    trailing++;
  }
  const text = folded ? foldLines(lines) : lines.join('\n');
  if (chomp === '-') return text;
  // The end of the document is the end of its last line, and no empty line beyond it.
  const closing = source.atEnd && source.text.endsWith('\n') ? trailing - 1 : trailing;
  return (text || trailing ? text : '') + (chomp === '+' ? '\n'.repeat((text ? 1 : 0) + closing) : text ? '\n' : '');
}

/** Lines that are indented further than the rest keep their ends, and those around them. */
function foldLines(lines: readonly string[]): string {
  let text = '';
  let last: string | undefined;
  let empty = 0;
  const isDeeper = (line: string) => /^[ \t]/.test(line);
  for (const line of lines) {
    if (line === '') {
      empty++;
      continue;
    }
    if (last === undefined) text = '\n'.repeat(empty);
    else if (isDeeper(line) || isDeeper(last)) text += '\n'.repeat(empty + 1);
    else text += foldOf(empty + 1);
    text += line;
    last = line;
    empty = 0;
  }
  return text;
}
