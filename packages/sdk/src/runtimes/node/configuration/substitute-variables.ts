import type { EnvironmentVariables } from '../env/environment.js';

/** What `${…}` stands for: a variable's name, and what is used where that is unset or empty. */
const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^\n]*))?$/;

/**
 * A text with `${NAME}`, `${env:NAME}` and `${NAME:-default}` replaced and `$$` made `$` (specification "Environment variable substitution"). What comes in is not looked
 * at again. Throws a sentence where a reference is none.
 */
export const substituteVariables = (text: string, variables: EnvironmentVariables): string =>
  text
    .split('$$')
    .map((part) =>
      part.replace(/\$\{([^}]+)\}/g, (reference, content: string) => contentOf(reference, content, variables)),
    )
    .join('$');

function contentOf(reference: string, content: string, variables: EnvironmentVariables): string {
  const found = variable.exec(content.replace(/^env:(?!-)/, ''));
  if (found) return variables[found[1]!] || (found[2] ?? '');
  const prefix = /^([A-Za-z][A-Za-z0-9_]*):/.exec(content)?.[1];
  const why = prefix
    ? `"${prefix}:" is neither "env:" nor a variable with a default behind ":-"`
    : 'a variable has letters, digits and "_", and no digit first';
  throw new Error(`has ${reference}, in which ${why}; a "$" of the text itself is written "$$"`);
}
