import { html, type Html } from '../html.ts';
import type { Context, Page } from '../page.ts';
import { configAsYaml } from '../../shared/runtime/config-text.ts';

/** The settings in force, as `enrol config show` has them. Secrets are in files of their own, of which only the names stand here. */
export const configurationPage: Page = {
  path: '/configuration',
  title: 'Configuration',
  menu: 'System Configuration',
  role: 'viewer',
  render: renderConfiguration,
};

function renderConfiguration({ loaded }: Context): Promise<Html> {
  return Promise.resolve(html`
    <p>
      The settings in force since this console was started, defaults included. They are changed in
      <code>${loaded.file}</code>; <code>enrol config check</code> says whether the file is right, and a
      daemon takes it up at its next start.
    </p>
    <pre tabindex="0" aria-label="Configuration">${configAsYaml(loaded.config)}</pre>
  `);
}
