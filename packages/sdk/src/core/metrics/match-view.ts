import type { InstrumentationScope } from '../trace/readable-span.js';
import type { InstrumentDescriptor } from './instrument-kinds.js';
import type { View } from './view.js';

/** Whether `text` is what `pattern` says: `*` stands for any number of any characters, `?` for one. */
export function matchesPattern(pattern: string, text: string): boolean {
  if (!isPattern(pattern)) return pattern === text;
  const source = pattern
    .replace(/[$()+.[\\\]^{|}]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 'su').test(text);
}

export const isPattern = (name: string): boolean => /[*?]/.test(name);

/** Names of instruments are the same in upper and lower case, so views of them too. */
const sameName = (pattern: string, name: string): boolean => matchesPattern(pattern.toLowerCase(), name.toLowerCase());

/** Whether a view is for an instrument of a meter: all that it says is true of it. */
export function matchesView(view: View, instrument: InstrumentDescriptor, scope: InstrumentationScope): boolean {
  const { instrumentName, instrumentType, instrumentUnit, meterName, meterVersion, meterSchemaUrl } = view;
  const isSame = (wanted: string | undefined, is: string | undefined) => wanted === undefined || wanted === (is ?? '');
  return (
    (instrumentName === undefined || sameName(instrumentName, instrument.name)) &&
    isSame(instrumentType, instrument.kind) &&
    isSame(instrumentUnit, instrument.unit) &&
    isSame(meterName, scope.name) &&
    isSame(meterVersion, scope.version) &&
    isSame(meterSchemaUrl, scope.schemaUrl)
  );
}
