import { protectionOf } from '../../shared/runtime/protected-settings.ts';
import {
  allSettings,
  providerSections,
  settingsOf,
  type Section,
  type Setting,
} from '../../shared/runtime/setting-schema.ts';
import { settingText } from '../../shared/runtime/setting-value.ts';

/** docs/settings.md, made from the one schema of the configuration. */

export function settingsPage(): string {
  return [
    '# Settings',
    '',
    'Every setting of `config/enrol.yaml`, in the order of that file. This page is made by `npm run docs` from',
    '[the schema](../shared/runtime/config-schema.ts); a test holds that it is up to date.',
    '[Configuration](configuration.md) says where a setting is changed, and when a change counts.',
    '',
    '“Machine” says that the setting is not changed from a browser, and why.',
    '',
    ...settingsOf(undefined)
      .sections.filter(({ path }) => path.join('.') !== 'providers')
      .flatMap((section) => [
        `## ${section.path.join('.')}`,
        '',
        sentence(section),
        '',
        ...tableOf(allSettings(section)),
      ]),
    ...providerPart(),
  ].join('\n');
}

const sentence = ({ description }: Section): string =>
  `${description.charAt(0).toUpperCase()}${description.slice(1)}.`;

const explainedElsewhere = ['format', 'mapping'];
const mappingSentence =
  '`providers.<id>.mapping` says how requests are written and answers read: [Adding a provider](adding-a-provider.md).';

/** What all formats have alike is said once. */
function providerPart(): string[] {
  const formats = providerSections().map(({ path, ...section }) => ({
    name: path.join('.'),
    settings: allSettings({ path, ...section }),
  }));
  const isAlike = (setting: Setting) =>
    formats.every(({ settings }) => settings.some((other) => rowOf('', other) === rowOf('', setting)));
  const alike = formats[0]?.settings.filter(isAlike) ?? [];
  return [
    '## providers',
    '',
    'Each provider stands under its deviceEnrolmentProviderId: small letters, digits and hyphens. These settings are the',
    'same for every format:',
    '',
    ...tableOf(alike, 'providers.<id>.'),
    ...formats.flatMap(({ name, settings }) => [
      `### format: ${name}`,
      '',
      ...tableOf(
        settings.filter(
          (setting) => !isAlike(setting) && !explainedElsewhere.includes(setting.path[0] ?? ''),
        ),
        'providers.<id>.',
      ),
      ...(name === 'configured' ? [mappingSentence, ''] : []),
    ]),
  ];
}

const tableOf = (settings: readonly Setting[], prefix = ''): string[] => [
  '| Setting | Default | May be | Meaning | Machine |',
  '| --- | --- | --- | --- | --- |',
  ...settings.map((setting) => rowOf(prefix, setting)),
  '',
];

const rowOf = (prefix: string, { path, byDefault, type, description }: Setting): string =>
  `| ${[
    `\`${prefix}${path.join('.')}\``,
    byDefault === undefined ? 'none' : codeOf(settingText(byDefault)),
    // A pattern is no Markdown.
    type.replace(/(?<=, like )\S+$/, '`$&`'),
    description,
    protectionOf(path) ?? '',
  ]
    .map((cell) => cell.replaceAll('|', '\\|'))
    .join(' | ')} |`;

const codeOf = (text: string): string => (text === '' ? 'empty' : `\`${text}\``);
