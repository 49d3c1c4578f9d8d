import { isDeepStrictEqual } from 'node:util';

import type { ConfigDocument } from './config-document.ts';
import { protectionOf } from './protected-settings.ts';
import { allSettings, settingsOf, valueAt, type Setting } from './setting-schema.ts';

/** A setting with what it is at present. */
export interface SettingStanding extends Setting {
  /** Keys joined by dots. */
  readonly name: string;
  /** In force: of the file or by default. */
  readonly value: unknown;
  readonly isDefault: boolean;
  /** What stands in the file; undefined: nothing. */
  readonly written: unknown;
  /** Where in the file; undefined where it does not stand there. */
  readonly line: number | undefined;
  /** Why it is changed on the machine only; undefined where the console may do it. */
  readonly protection: string | undefined;
}

/** Every setting of a configuration, in the order of the schema. Pure. */
export function settingStandings(config: object, file: ConfigDocument | undefined): SettingStanding[] {
  return allSettings(settingsOf(config)).map((setting) => standingOf(setting, config, file));
}

function standingOf(setting: Setting, config: object, file: ConfigDocument | undefined): SettingStanding {
  const { path, byDefault } = setting;
  const value = valueAt(config, path);
  const written = valueAt(file?.value, path);
  return {
    ...setting,
    name: path.join('.'),
    value,
    // What has no default differs from nothing.
    isDefault: byDefault === undefined || isDeepStrictEqual(value, byDefault),
    written,
    line: written === undefined ? undefined : file?.positionOf(path).line,
    protection: protectionOf(path),
  };
}

/** Whether a word stands in the name or the description, in small or capital letters. Pure. */
export const mentions = ({ name, description }: SettingStanding, word: string): boolean =>
  `${name} ${description}`.toLowerCase().includes(word.toLowerCase());
