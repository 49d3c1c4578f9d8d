import { checkConfig } from '../runtime/config-check.ts';
import { readYaml } from '../runtime/config-document.ts';
import { editConfig } from '../runtime/config-edit.ts';
import { changed, readConfigFile, replaceConfigFile, type ConfigFile } from '../runtime/config-file.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { Fault } from '../runtime/faults.ts';
import { protectionOf } from '../runtime/protected-settings.ts';
import { explanationsOf, findSetting, valueAt, type Setting } from '../runtime/setting-schema.ts';
import { readSettingValue, settingText } from '../runtime/setting-value.ts';
import { inTurn } from '../store/in-turn.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/** Changes of the configuration file by a program. They count for each process once it has read the file again. */

export interface SettingChange {
  /** Keys joined by dots: `retry.maxAttempts`. */
  readonly path: string;
  /** One line, as `settingText` writes values; undefined takes the setting out, and its default applies. */
  readonly text: string | undefined;
  /** Digest of the file that the operator has seen; undefined: as it is now. */
  readonly seen?: string;
  /** Whether somebody at the machine itself changes it, who can edit the file as well: nothing is protected from him. */
  readonly onMachine?: boolean;
}

export interface ChangedSetting {
  readonly path: string;
  /** What stood in the file; undefined: its default applied. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Under this the audit has the history of a setting. */
export const settingSubject = (path: string): string => `setting ${path}`;

/**
 * Writes one setting into the configuration file, or takes it out. The whole is checked before; what the check refuses
 * leaves the file as it is. Changes are made one after the other, under a lock of the store: that of a table which few
 * write, in place of the file.
 *
 * @throws Fault NOT_FOUND, SETTING_PROTECTED, BAD_INPUT with what would be wrong, NOT_ALLOWED when the file was changed
 *   meanwhile, cannot be written, or says so already; SYNC_FAILED
 */
export function changeSetting(
  { file }: Pick<LoadedConfig, 'file'>,
  db: Db,
  operator: Operator,
  change: SettingChange,
): Promise<ChangedSetting> {
  return inTurn(db, 'module_property', async (trx) => {
    const known = await readConfigFile(file);
    if (change.seen !== undefined && change.seen !== known.digest) throw changed(file);
    const { value: written, mistakes } = readYaml(known.text);
    if (mistakes.length > 0) {
      throw new Fault('NOT_ALLOWED', `${file} cannot be read as YAML: enrol config check names the lines`);
    }
    const setting = findSetting(written, change.path);
    if (!setting) throw new Fault('NOT_FOUND', `there is no setting ${change.path}`);
    const protection = protectionOf(setting.path);
    if (protection !== undefined && change.onMachine !== true) {
      throw new Fault('SETTING_PROTECTED', `${change.path} is changed on the machine only: ${protection}`);
    }
    const done = {
      path: change.path,
      before: valueAt(written, setting.path),
      after: valueOf(setting, change),
    };
    const text = newText(known, setting, done);
    // The audit is written first: it is gone if the file cannot be replaced.
    await audit(trx, operator, {
      action: done.after === undefined ? 'setting.reset' : 'setting.set',
      subject: settingSubject(change.path),
      before: { value: done.before ?? null },
      after: { value: done.after ?? null },
    });
    await replaceConfigFile(known, text);
    return done;
  });
}

const valueOf = (setting: Setting, { text }: SettingChange): unknown =>
  text === undefined ? undefined : readSettingValue(setting, text);

/** @throws Fault BAD_INPUT, NOT_ALLOWED */
function newText({ path, text }: ConfigFile, setting: Setting, { before, after }: ChangedSetting): string {
  const name = setting.path.join('.');
  if (after === undefined && before === undefined) {
    throw new Fault('NOT_ALLOWED', `${name} does not stand in ${path}: it has its default already`);
  }
  if (after !== undefined && before !== undefined && settingText(before) === settingText(after)) {
    throw new Fault('NOT_ALLOWED', `${name} has that value in ${path} already`);
  }
  const edited = editConfig(text, {
    path: setting.path,
    value: after,
    explanations: explanationsOf(readYaml(text).value, setting.path),
  });
  const checked = checkConfig(readYaml(edited).value);
  if ('config' in checked) return edited;
  const problems = checked.findings.map((finding) => `${finding.path.join('.')} ${finding.message}`);
  throw new Fault(
    'BAD_INPUT',
    `nothing was changed, since the configuration would be wrong: ${problems.join('; ')}`,
  );
}
