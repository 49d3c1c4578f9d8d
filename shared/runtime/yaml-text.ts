import { parse } from 'yaml';

/** Values as they are written into a YAML file, on one line. */

/** A value of a setting: in quotes wherever a reader could take the text for something else. Pure. */
export function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  return typeof value === 'string' ? wordText(value) : String(value);
}

const wordText = (text: string): string => {
  const isPlain = /^[A-Za-z][A-Za-z0-9./_-]*$/.test(text) && parse(text) === text;
  return isPlain ? text : `'${text.replaceAll("'", "''")}'`;
};

/** A key with its explanation, and below it the next, down to the value. Pure. */
export function nestedLines(
  indent: string,
  keys: readonly { readonly key: string; readonly explanation: string | undefined }[],
  value: unknown,
): string[] {
  return keys.flatMap(({ key, explanation }, depth) => {
    const here = indent + '  '.repeat(depth);
    const line = `${here}${wordText(key)}:${depth === keys.length - 1 ? ` ${flowText(value)}` : ''}`;
    return explanation === undefined || explanation === '' ? [line] : [`${here}# ${explanation}`, line];
  });
}
