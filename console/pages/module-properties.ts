import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import type { Context, Page } from '../page.ts';
import { status, table, time } from '../parts.ts';
import {
  moduleProperties,
  modules,
  propertiesSet,
  propertyNames,
  propertyType,
  readProperties,
  type ModuleName,
} from '../../shared/store/module-properties.ts';

/** What CMP's people set while the system runs. */
export const propertiesPage: Page = {
  path: '/properties',
  title: 'Module Properties',
  menu: 'System Configuration',
  role: 'viewer',
  render: renderProperties,
};

async function renderProperties({ db }: Context): Promise<Html> {
  const values = await readProperties(db);
  const set = new Map((await propertiesSet(db)).map((row) => [row.name, row]));
  const rowOf = (name: (typeof propertyNames)[number]) => [
    html`<a class="code" href="${pathTo('/properties/:property', { property: name })}">${name}</a>`,
    html`<strong>${values[name]}</strong>`,
    moduleProperties[name].fallback,
    values[name] !== moduleProperties[name].fallback && status('idle', 'changed'),
    propertyType(moduleProperties[name].type),
    moduleProperties[name].description,
    set.get(name)?.updated_by,
    time(set.get(name)?.updated_at),
  ];
  return html`${(Object.keys(modules) as ModuleName[]).map((module) => {
    const { title, takesEffect } = modules[module];
    return html`
      <h2>${title} <span class="quiet code">${module}</span></h2>
      <p>A change takes effect ${takesEffect}.</p>
      ${table(
        `Properties of ${title}`,
        ['Property', 'Value', 'Default', 'State', 'Type', 'Meaning', 'Set by', 'Set at (UTC)'],
        propertyNames.filter((name) => moduleProperties[name].module === module).map(rowOf),
      )}
    `;
  })}`;
}
