import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../lib/root.mjs';

/** A fenced block of a guide. What follows the language on the fence's line is not shown to readers: `ts run spans="checkout"`. */
export interface Snippet {
  readonly doc: string;
  /** Of the first line of code, counted from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** `run`: it is run. `page`: in a browser. `file=telemetry.mjs`: others of its chapter import it by this name. */
  readonly words: Readonly<Record<string, string | true>>;
  /** Declarations that the text around it implies, from a comment before the fence: `<!-- given: declare const … -->`. */
  readonly given: string;
  /** Counts headings of the second level: what stands below one shares a folder. */
  readonly chapter: number;
  /** Numbers of `<!-- shows: F6 F7 -->` under the heading it stands below. */
  readonly shows: readonly string[];
  /** The `text` block behind it, under the same heading. */
  readonly output: string | undefined;
}

export const place = ({ doc, line }: Pick<Snippet, 'doc' | 'line'>): string => `${doc}:${line}`;

/** Every fenced block of a guide, in its order. */
export function readSnippets(doc: string): Snippet[] {
  const lines = readFileSync(join(root, doc), 'utf8').split('\n');
  const snippets: (Snippet & { heading: number })[] = [];
  let chapter = 0;
  let heading = 0;
  let shows: string[] = [];
  let given = '';
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const fence = line.match(/^```(\w+)?(.*)$/);
    if (fence) {
      const end = lines.indexOf('```', at + 1);
      if (end < 0) throw new Error(`${doc}:${at + 1}: this block is never closed`);
      const [, language = '', rest = ''] = fence;
      const code = `${lines.slice(at + 1, end).join('\n')}\n`;
      const before = snippets.at(-1);
      if (language === 'text' && before?.heading === heading && before.output === undefined)
        snippets[snippets.length - 1] = { ...before, output: code };
      snippets.push({
        doc,
        line: at + 2,
        language,
        code,
        words: readWords(rest),
        given,
        chapter,
        shows,
        output: undefined,
        heading,
      });
      given = '';
      at = end;
    } else if (/^#{1,6} /.test(line)) {
      heading++;
      shows = [];
      if (/^##? /.test(line)) chapter++;
    } else if (line.startsWith('<!--')) {
      const end = lines.findIndex((one, index) => index >= at && one.includes('-->'));
      const comment = lines.slice(at, end + 1).join('\n');
      given = comment.match(/^<!-- given:\s([\s\S]*?)\s*-->/)?.[1] ?? given;
      for (const [, numbers] of comment.matchAll(/<!-- shows: ([^>]+?) -->/g)) shows.push(...numbers!.split(/[\s,]+/));
      at = end;
    } else if (line.trim() !== '') given = '';
  }
  return snippets;
}

function readWords(text: string): Record<string, string | true> {
  const words: Record<string, string | true> = {};
  for (const [, name, quoted, plain] of text.matchAll(/(\w+)(?:=(?:"([^"]*)"|(\S+)))?/g))
    words[name!] = quoted ?? plain ?? true;
  return words;
}

/** Calls of ours inside a sentence: `start({ … })`, `rateLimitingSampler(50)`. What they leave open (`…`) is not looked at. */
export function readInlineCalls(doc: string): Snippet[] {
  const runtime = doc.endsWith('web.md') ? 'web' : 'node';
  const given = [
    `import { start } from '@throughline/sdk/${runtime}';`,
    "import { healthHandler, jaegerRemoteSampler, processDetector } from '@throughline/sdk/node';",
    "import * as sampling from '@throughline/sdk/sampling';",
    "import { createTestTelemetry, expectSpan } from '@throughline/sdk/testing';",
    "import * as api from '@opentelemetry/api';",
    'declare const telemetry: import("@throughline/sdk/testing").TestTelemetry;',
    'declare const [serviceName, name, root, sampler]: [string, string, sampling.Sampler, sampling.Sampler];',
  ].join('\n');
  const text = readFileSync(join(root, doc), 'utf8').replace(/^```[\s\S]*?^```$/gm, (block) =>
    block.replace(/[^\n]/g, ''),
  );
  return text.split('\n').flatMap((line, index) => {
    const calls = [
      ...line.matchAll(
        /`((?:start|healthHandler|expectSpan|createTestTelemetry|\w+Sampler|telemetry\.\w+)\([^`…]*\))`/g,
      ),
    ].map(([, call]) => `${call!.replace(/^(?!jaeger)(\w+Sampler)/, 'sampling.$1')};`);
    if (calls.length === 0) return [];
    const code = `${calls.join(' ')}\n`;
    return { ...inSentence, doc, line: index + 1, code, given, chapter: 1000 + index };
  });
}

const inSentence = { language: 'ts', words: {}, shows: [], output: undefined };
