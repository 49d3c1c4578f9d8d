import { Fault } from './faults.ts';
import type { Setting } from './setting-schema.ts';

/** Values of settings as one line of text, for forms and the command line: written as they are read. */

/** @throws Fault BAD_INPUT when the text is no value of that kind; limits are the schema's business. Pure */
export function readSettingValue(setting: Setting, text: string): unknown {
  if (/[\p{Cc}\u2028\u2029]/u.test(text) || !text.isWellFormed())
    throw wrong(setting, 'must be one line of text');
  switch (setting.kind) {
    case 'switch':
      return readSwitch(setting, text);
    case 'choice':
      return readChoice(setting, text);
    case 'number':
      if (!/^-?\d{1,15}(?:\.\d{1,9})?$/.test(text)) throw wrong(setting, 'must be a number, like 5 or 0.5');
      return Number(text);
    case 'text':
      return text;
    case 'list':
      return readList(setting, text);
    case 'structure':
      throw wrong(setting, 'has more than fits into one line: change it in the file');
  }
}

function readSwitch(setting: Setting, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw wrong(setting, 'must be true or false');
  return text === 'true';
}

function readChoice(setting: Setting, text: string): string | number {
  const chosen = setting.choices.find((choice) => String(choice) === text);
  if (chosen === undefined) throw wrong(setting, `must be one of: ${setting.choices.join(', ')}`);
  return chosen;
}

/** Separated by commas; as JSON where a word has one in it. */
function readList(setting: Setting, text: string): string[] {
  if (!text.startsWith('[')) {
    return text
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
  }
  const list = parsed(text);
  if (Array.isArray(list) && list.every((word) => typeof word === 'string')) return list;
  throw wrong(setting, 'must be words with commas between them, or a list in JSON');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const wrong = ({ path }: Setting, message: string): Fault =>
  new Fault('BAD_INPUT', `${path.join('.')} ${message}`);

/** As `readSettingValue` takes it. Pure. */
export function settingText(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  const isPlainList =
    Array.isArray(value) &&
    value.every((word) => typeof word === 'string' && /^[^\s,[][^,]*$/.test(word) && word.trim() === word);
  return isPlainList ? value.join(', ') : JSON.stringify(value);
}
