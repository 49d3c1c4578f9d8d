import { configWarnings } from '../config-warnings.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import type { Context, Page, PageRequest } from '../page.ts';
import { status, table } from '../parts.ts';
import { configState } from '../../shared/operator/config-state.ts';
import { readYaml, type ConfigDocument } from '../../shared/runtime/config-document.ts';
import { readConfigFile, type ConfigFile } from '../../shared/runtime/config-file.ts';
import { configAsYaml } from '../../shared/runtime/config-text.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { settingsOf } from '../../shared/runtime/setting-schema.ts';
import { mentions, settingStandings, type SettingStanding } from '../../shared/runtime/setting-standing.ts';
import { settingText } from '../../shared/runtime/setting-value.ts';

/** Every setting in force. Secrets are in files of their own, of which only the names stand here. */
export const configurationPage: Page = {
  path: '/configuration',
  title: 'Configuration',
  menu: 'System Configuration',
  role: 'viewer',
  render: renderConfiguration,
};

async function renderConfiguration(context: Context, { query }: PageRequest): Promise<Html> {
  const { loaded, db, clock } = context;
  const word = query.optional('q');
  const onlyChanged = query.optionalChoice('changed', ['yes']) !== undefined;
  const standings = settingStandings(loaded.config, await documentOf(context));
  const shown = standings.filter(
    (setting) => (word === undefined || mentions(setting, word)) && !(onlyChanged && setting.isDefault),
  );
  return html`
    ${configWarnings(await configState(loaded, db, clock.now()))}
    <p>
      The settings with which this console was started, from <code>${loaded.file}</code>. A change counts for
      each process from its next start on.
    </p>
    ${filterForm(word, onlyChanged)} ${shown.length === 0 && html`<p>No setting fits.</p>`}
    ${sectionsOf(shown, loaded.config, shown.length < standings.length)}
    <details>
      <summary>The same as YAML</summary>
      <pre tabindex="0" aria-label="Configuration">${configAsYaml(loaded.config)}</pre>
    </details>
  `;
}

/** Undefined when there is none that can be read; the page says so anyway. */
export async function fileOf({ loaded }: Context): Promise<ConfigFile | undefined> {
  try {
    return await readConfigFile(loaded.file);
  } catch (error) {
    if (error instanceof Fault && error.code === 'NOT_ALLOWED') return undefined;
    throw error;
  }
}

async function documentOf(context: Context): Promise<ConfigDocument | undefined> {
  const file = await fileOf(context);
  return file && readYaml(file.text);
}

const filterForm = (word: string | undefined, onlyChanged: boolean): Html => html`
  <form class="filters" method="get" action="/configuration">
    <label>Name or meaning <input name="q" value="${word}" maxlength="100" type="search" /></label>
    <label>
      <input type="checkbox" name="changed" value="yes" ${onlyChanged && html`checked`} />
      Only what differs from its default
    </label>
    <button type="submit">Show</button>
    <a href="/configuration">Show all</a>
  </form>
`;

/** Each provider is a section of its own, and so is each group at the top of the file. */
const sectionName = ({ path }: SettingStanding): string =>
  path.slice(0, path[0] === 'providers' ? 2 : 1).join('.');

function sectionsOf(settings: readonly SettingStanding[], config: object, open: boolean): Html {
  const described = new Map(
    settingsOf(config).sections.map(({ path, description }) => [path[0], description]),
  );
  const groups = [...Map.groupBy(settings, sectionName)];
  return html`${groups.map(([name, members]) => {
    const changed = members.filter(({ isDefault }) => !isDefault).length;
    return html`
      <details class="section" ${open && html`open`}>
        <summary>
          <strong class="code">${name}</strong> ${described.get(name.split('.', 1)[0] ?? '')}
          ${changed > 0 && status('idle', `${changed} changed`)}
        </summary>
        ${settingTable(name, members)}
      </details>
    `;
  })}`;
}

const settingTable = (section: string, settings: readonly SettingStanding[]): Html =>
  table(
    `Settings of ${section}`,
    ['Setting', 'Value', 'Default', 'State', 'Meaning', 'May be', { title: 'Line', number: true }],
    settings.map((setting) => [
      html`<a class="code" href="${pathTo('/configuration/:setting', { setting: setting.name })}">
        ${setting.path.slice(section.split('.').length).join('.')}
      </a>`,
      html`<strong>${settingText(setting.value)}</strong>`,
      settingText(setting.byDefault),
      setting.isDefault ? null : status('idle', 'changed'),
      setting.description,
      setting.type,
      setting.line,
    ]),
  );
